/** Uses of what only the tool brought, as traces show them. */
import test from 'ava';
import type { BroughtByTool } from '../../../src/image/contents.js';
import { foreignUses, foreignUseText } from '../../../src/rehearse/brought-by-tool.js';

const brought = {
	programs: new Map([['lsb_release', 'lsb-release'], ['locale-gen', 'locales'], ['python3', 'python3-minimal'], ['nc', 'netcat-openbsd']]),
	modules: new Map([['requests', 'python3-requests'], ['yaml', 'python3-yaml']]),
};
const withPython = { ...brought, programs: new Map([...brought.programs].filter(([name]) => name !== 'python3')) };

const uses = test.macro({
	title: (title, command: string) => title || JSON.stringify(command),
	exec(t, command: string, expected: readonly string[], what: BroughtByTool = withPython) {
		t.deepEqual(foreignUses([{ command, depth: 0, line: 3 }], what).map(({ what: name }) => name), expected);
	},
});
test(uses, 'lsb_release -cs', ['lsb_release']);
test(uses, '/usr/bin/lsb_release -cs', ['lsb_release']);
test(uses, '/opt/own/bin/lsb_release -cs', []);
test(uses, 'sudo -u ops lsb_release', ['lsb_release']);
test(uses, 'timeout 5 nc -z 10.0.0.1 22', ['nc']);
test(uses, 'echo lsb_release', []);
test(uses, "printf '%s' locale-gen", []);
test(uses, "python3 -c 'import requests'", ['requests']);
test(uses, "python3 -c 'import os, yaml; from requests import get'", ['yaml', 'requests']);
test(uses, "/usr/bin/python3.13 -c $'import sys\\nimport yaml'", ['yaml']);
test(uses, "python3 -c 'import sys\nimport yaml'", ['yaml']);
test(uses, "python3 -c 'import importantly'", []);
test(uses, 'python3 -m yaml', ['yaml']);
test(uses, 'python3 script.py', []);
test(uses, 'LANG=C', []);
test(uses, '', []);
test('the interpreter itself', uses, 'python3 script.py', ['python3'], brought);

test('each once, with the place of the first', (t) => {
	const steps = [
		{ command: 'true', depth: 0, line: 1 },
		{ command: 'lsb_release -c', depth: 1, line: 4, source: '/opt/lib.sh' },
		{ command: 'lsb_release -i', depth: 0, line: 5 },
	];
	const [use, ...others] = foreignUses(steps, brought);
	t.deepEqual(others, []);
	t.is(
		use && foreignUseText('app', use),
		'app, /opt/lib.sh, line 4 uses lsb_release (`lsb_release -c`), which only this tool brought: no package of the recipe needs lsb-release. Add it to the packages',
	);
});
