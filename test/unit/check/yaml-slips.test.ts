/** What YAML makes of a plan that its author did not mean: said with its place, not passed over. */
import test from 'ava';
import { Failure } from '../../../src/base/errors.js';
import { checkText, readText } from './helpers.js';

const general = readText('good/general.yaml');
const scriptLine = /script: .*/;

const refuses = test.macro<[text: string, message: RegExp, hint: RegExp]>({
	title: (title) => `refused: ${title ?? ''}`,
	exec(t, text, message, hint) {
		const error = t.throws(() => checkText(text), { instanceOf: Failure, message });
		t.regex(error?.hint ?? '', hint);
	},
});

test('a script by a tag', refuses, general.replace(scriptLine, 'script: !include startup/app.sh'), /^plan\.yaml:17:19: !include is a tag of YAML that is not known here$/, /script_file/);
test('a secret by a tag', refuses, general.replace('password: ops-password', 'password: !vault secret'), /^plan\.yaml:14:\d+: !vault /, /the value itself/);
test('a text that begins with !', refuses, general.replace('password: ops-password', 'password: !abc'), /^plan\.yaml:14:\d+: !abc /, /quotes/);
test('a mapping with a tag', refuses, general.replace('recipe:', 'recipe: !Recipe'), /^plan\.yaml:11:13: !Recipe /, /take the tag away/);

const base = '      base_image: debian-trixie\n';
test('a merge of a text', refuses, general.replace(base, `${base}      <<: base\n`), /^plan\.yaml:13: a merge key \(<<\) stands for no mapping$/, /<<: \*name/);
test('a merge of nothing', refuses, general.replace(base, `${base}      <<:\n`), /^plan\.yaml:13: a merge key \(<<\) stands for no mapping$/, /<<: \*name/);
test('a merge of a list of texts', refuses, general.replace(base, `${base}      <<: [a]\n`), /^plan\.yaml:13: a merge key/, /<<: \*name/);
test('a merge of a text by an alias', refuses, general.replace('role: app', 'role: &r app').replace(base, `${base}      <<: *r\n`), /^plan\.yaml:13: a merge key/, /<<: \*name/);
test('a merge that contains itself', refuses, general.replace('recipe:', 'recipe: &r').replace(base, `${base}      <<: *r\n`), /^plan\.yaml:13: what this merge key \(<<\) brings contains itself$/, /somewhere else/);

const passes = test.macro<[text: string]>({ title: (title) => `passes: ${title ?? ''}`, exec: (t, text) => t.deepEqual(checkText(text), []) });

test('tags of YAML itself', passes, general.replace('mode: "0644"', 'mode: !!str 0644').replace('port: 22 }', "port: !!int '22' }"));
for (const key of ['x-base', '.base', 'x-', '"x-b"']) {
	test(`anchors under ${key}`, passes, general.replace('nodes:\n', `${key}: &base\n  base_image: debian-trixie\nnodes:\n`).replace(base, '      <<: *base\n'));
}
test('several of them', passes, general.replace('nodes:\n', 'x-a: &a { base_image: debian-trixie }\n.b: &b { features: [ssh] }\nnodes:\n').replace(`${base}      features: [ssh]\n`, '      <<: [*a, *b]\n'));
test('such a key that is not at the root is unknown', (t) => {
	t.deepEqual(checkText(general.replace('    role: app', '    x-role: app')).map(({ rule }) => rule), ['unknown-key']);
});

const folded = (header: string, lines: readonly string[]): readonly string[] =>
	checkText(general.replace(scriptLine, () => `script: ${header}\n${lines.map((line) => (line === '' ? '' : `            ${line}`)).join('\n')}`)).map(({ rule }) => rule);
const address = 'ip addr add 10.72.0.10/24 dev enp0s2';
test('a folded script of several lines', (t) => {
	t.deepEqual(folded('>', [address, 'echo a']), ['script-folded']);
	t.deepEqual(folded('>-', [address, '', 'echo a', 'echo b']), ['script-folded']);
	t.deepEqual(folded('|', [address, 'echo a']), []);
	t.deepEqual(folded('>', [address]), []);
	t.deepEqual(folded('>', [address, '', 'echo a', '', 'echo b']), []);
});
