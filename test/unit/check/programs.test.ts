/** Programs and Python modules that no package of the recipe brings: refused where that is certain, else a guess. */
import test from 'ava';
import { hasErrors } from '../../../src/plan/check.js';
import { checkText, readText, withScripts } from './helpers.js';

const general = readText('good/general.yaml');

/** The plan with this script, and these packages. */
const withScript = (script: string, packages: readonly string[] = []): string => withScripts([script], packages);

const judged = test.macro({
	title: (_title, script: string, _expected: unknown, packages: readonly string[] = []) => `${JSON.stringify(script)}${packages.length > 0 ? ` with ${packages.join(', ')}` : ''}`,
	exec(t, script: string, expected: readonly (readonly [rule: string, severity: string])[], packages: readonly string[] = []) {
		const findings = checkText(withScript(script, packages));
		t.deepEqual(findings.map(({ rule, severity }) => [rule, severity]), expected as unknown as string[][]);
		t.is(hasErrors(findings), expected.some(([, severity]) => severity === 'error'));
	},
});

const refused = [['command-undeclared', 'error']] as const;
const guessed = [['command-undeclared', 'warning']] as const;

// Certain.
test(judged, 'jq . /etc/x', refused);
test(judged, 'sudo -u ops jq . /etc/x', refused);
test(judged, 'jq . x || exit 1', refused);
test(judged, 'jq . x || true\njq . y', refused);
test(judged, 'ls /usr/bin/jq; jq . x', refused, ['curl', 'postgresql']);

// A name that the script has for something else.
test(judged, "shopt -s expand_aliases\nalias netstat='ss -H'\nnetstat -ltn", []);
test(judged, 'alias netstat=ss unzip="python3 -m zipfile"\nnetstat; unzip x', []);
test(judged, 'jq() { cat; }\njq . x', []);
test(judged, 'function jq { cat; }\njq . x', []);

// A program that the script asks for.
test(judged, 'if command -v jq >/dev/null; then jq . x; fi', []);
test(judged, 'if [ -x /usr/bin/jq ]; then jq . x; fi', []);
test(judged, 'test -e /usr/bin/jq && jq . x', []);
test(judged, '[[ -f /usr/bin/jq ]] && jq . x', []);
test(judged, 'which jq && jq . x', []);
test(judged, 'hash jq 2>/dev/null && jq . x', []);
test(judged, 'command -v /usr/bin/jq && jq . x', []);

// A program that the script makes.
test(judged, "cat >/usr/local/bin/rsync <<'X'\n#!/bin/sh\nexec cp -R \"$@\"\nX\nchmod +x /usr/local/bin/rsync\nrsync a b", []);
test(judged, 'install -m 755 mine /usr/local/bin/rsync\nrsync a b', []);
test(judged, 'ln -s /opt/x/jq /usr/local/bin/jq\njq . x', []);
test(judged, 'printf x | tee /usr/local/bin/jq >/dev/null\njq . x', []);
test(judged, 'jq . x || true', guessed);
test(judged, 'jq . x || echo none >&2', guessed);

// Where programs may come from that the plan does not show.
test(judged, '. ./lib.sh\njq . x', guessed);
test(judged, 'source /opt/lib.sh\njq . x', guessed);
test(judged, 'PATH=/opt/x/bin:$PATH\njq . x', guessed);
test(judged, 'export PATH="/opt/x/bin:$PATH"\njq . x', guessed);
test(judged, 'apt-get install -y jq\njq . x', guessed);
test(judged, 'jq . x', guessed, ['something-else']);
test(judged, 'python3 x.py', guessed, ['certbot']);
test(judged, 'python3 x.py', [], ['python3-yaml']);

// What cloud-init brings into every image of a rehearsal.
for (const command of ['lsb_release -cs', 'locale-gen', 'update-locale LANG=C.UTF-8', 'sfdisk -d /dev/vda', 'sgdisk -p /dev/vda', 'eject', 'dhcpcd eth0', 'cloud-init status']) {
	test(judged, command, guessed);
}
test(judged, 'locale-gen', [], ['locales']);
const module = [['module-undeclared', 'warning']] as const;
const python = ['python3'];
test(judged, "python3 -c 'import requests'", module, python);
test(judged, "python3 - <<'PY'\nimport os, yaml as y\nPY", module, python);
test(judged, "cat >/opt/app.py <<'PY'\n#!/usr/bin/python3\nfrom jinja2.sandbox import x\nPY", module, python);
test(judged, "python3 -c 'import requests'", [], ['python3', 'python3-requests']);
test(judged, "python3 -c 'import urllib3, certifi'", [], ['python3', 'python3-requests']);
test(judged, "python3 -c 'import os, sys, json'", [], python);
test(judged, "python3 -c 'import nothing_known'", [], python);
test(judged, "cat >/opt/notes <<'X'\nimport requests\nX", [], python);

test('a module has the line of the script that imports it', (t) => {
	const text = general.replace(/script: .*/, "script: |\n            ip addr add 10.72.0.10/24 dev eth0\n            python3 - <<'PY'\n            import os\n            import yaml\n            PY").replace('features: [ssh]', 'features: [ssh, python]');
	const [finding] = checkText(text);
	t.is(finding?.rule, 'module-undeclared');
	t.is(finding?.line, text.split('\n').findIndex((line) => line.includes('import yaml')) + 1);
});

test('a script in Python is looked into', (t) => {
	const text = withScript('', python).replace(/script: ".*" }/, () => `script: ${JSON.stringify('#!/usr/bin/env python3\n# 10.72.0.10\nimport requests\n')} }`);
	t.deepEqual(checkText(text).map(({ rule, message }) => [rule, /^line (\d+)/.exec(message)?.[1]]), [['module-undeclared', '3']]);
});

test('a program that a script of the node makes is there for its assertions', (t) => {
	const text = withScript('ln -s /opt/jq /usr/local/bin/jq').replace('command: "uname -m"', 'command: "jq --version"');
	t.deepEqual(checkText(text), []);
	t.deepEqual(checkText(withScript('true').replace('command: "uname -m"', 'command: "jq --version"')).map(({ severity }) => severity), ['error']);
});
