import test from 'ava';
import { isUserName } from '../../../src/lab/user-name.js';

const names = test.macro({
	title: (_title, name: string, expected: boolean) => `${JSON.stringify(name).slice(0, 60)} is ${expected ? '' : 'not '}the name of a user`,
	exec: (t, name: string, expected: boolean) => t.is(isUserName(name), expected),
});
for (const name of ['ops', 'Ops', 'john.doe', 'web_1', '_apt', 'x'.repeat(32), '3scale']) test(names, name, true);
for (const name of ['', '-ops', '.ops', 'a b', 'a:b', 'a/b', '../x', 'jürgen', '1000', 'x'.repeat(33), 'ops\n', '$(id)', 'a;b']) test(names, name, false);
