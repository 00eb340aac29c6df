/** What a shell is offered, without a shell. */
import test from 'ava';
import { candidatesFor, type Lookup } from '../../../src/cli/complete.js';
import { commands } from '../../../src/cli/commands.js';

const there: Lookup = (kind) => Promise.resolve([{ word: `a-${kind}`, what: '' }, { word: 'evil$(x)', what: '' }, { word: 'a b', what: '' }]);

const offers = async (...words: readonly string[]) => (await candidatesFor(words, commands, there)).map(({ word }) => word);

const gives = test.macro({
	title: (_title, words: readonly string[]) => `rehearse ${words.join(' ')}|`,
	async exec(t, words: readonly string[], expected: readonly string[]) {
		t.deepEqual(await offers(...words), expected);
	},
});

test(gives, ['run', ''], ['a-lab']);
test(gives, ['run', 'x', ''], []);
test(gives, ['up', 'x', ''], ['a-node']);
test(gives, ['up', 'x', 'one', 'two', ''], ['a-node']);
test(gives, ['down', ''], ['a-up-lab']);
test(gives, ['test', '--lab', ''], ['a-up-lab']);
test(gives, ['ssh', ''], ['a-node']);
test(gives, ['ssh', '--user', 'root', ''], ['a-node']);
test(gives, ['ssh', 'web', '--', ''], []);
test(gives, ['cp', 'a'], ['a-node:']);
test(gives, ['link', 'web', ''], ['up', 'down', 'delay', 'loss']);
test(gives, ['logs', 'web', 'j'], ['journal']);
test(gives, ['report', ''], ['a-run']);
test(gives, ['runs', ''], ['list', 'show', 'remove']);
test(gives, ['runs', 'show', 'x', ''], ['a-run']);
test(gives, ['run', '--keep', ''], ['never', 'on-failure', 'always']);
test(gives, ['run', '--keep=o'], ['--keep=on-failure']);
test(gives, ['run', '--junit', ''], []);
test(gives, ['run', '--json', ''], ['a-lab']);
test(gives, ['--he'], ['--help']);
test(gives, ['nosuch', ''], []);
test(gives, [], []);

test('the words of a plan are no candidates, and no commands', async (t) => {
	const evil: Lookup = () => Promise.resolve([{ word: 'web', what: 'a role\nforged\tcandidate\r\u2028\x1b[2J\u202e ::error::x ##vso[y]' }]);
	t.deepEqual(await candidatesFor(['run', ''], commands, evil), [{ word: 'web', what: 'a role forged candidate : :error::x # #vso[y]' }]);
});

test('every command is offered, but the one that shells use', async (t) => {
	t.deepEqual(await offers(''), commands.map(({ name }) => name).filter((name) => name !== 'complete'));
});

test('every flag of every command is offered, as it is typed', async (t) => {
	for (const { name, flags } of commands) {
		const offered = await offers(name, '--');
		for (const [flag, { type, default: preset }] of Object.entries(flags)) {
			t.true(offered.includes(type === 'boolean' && preset === true ? `--no-${flag}` : `--${flag}`), `${name} --${flag}`);
		}
	}
});
