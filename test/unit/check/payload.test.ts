/** A script that ends in an `exit`, and has something behind it that is no script. */
import test from 'ava';
import { checkText, withScripts } from './helpers.js';

const rulesOf = (script: string): readonly string[] => checkText(withScripts([script])).map(({ rule }) => rule);

test('what is behind an exit is not read', (t) => {
	for (const script of ['exit 0\n__PAYLOAD__\n)(*&^%', 'exit\n"', 'exec /bin/true\nif', 'exit 0\ncat <<X', 'exit 0\n\0', 'exit 0\na\r\n']) t.deepEqual(rulesOf(script), [], script);
	for (const script of ['exit 0 )', 'if a; then\nexit 0\n)', '[ a ] && exit 0\n)', ')\nexit 0', 'exit 0 &\n)', 'exec 2>/dev/null\n)', 'f() {\nexit 0\n}\n)']) t.deepEqual(rulesOf(script), ['script-syntax'], script);
});
