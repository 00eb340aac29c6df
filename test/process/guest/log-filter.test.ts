/** `logs NODE --log startup` shows what scripts write, without their traces, as fast as a terminal takes it. */
import { spawnSync } from 'node:child_process';
import test from 'ava';
import { logCommand } from '../../../src/commands/live/open-ssh.js';

/** What the guest's filter makes of a text. */
function filtered(input: string): string {
	const [, filter = ''] = /\| (perl .*)$/s.exec(logCommand('startup', 10, true)) ?? [];
	return spawnSync('sh', ['-c', filter], { input, maxBuffer: 2 ** 27 }).stdout.toString('latin1');
}

const shows = test.macro((t, input: string, output: string) => t.is(filtered(input), output));
test('what is no trace', shows, 'a\nb\n', 'a\nb\n');
test('no command', shows, 'a\n\x1e+ 1 > echo b\nb\n\x1e\x1e+ 1 > false\n', 'a\nb\n');
test('an unfinished line before a command', shows, 'no end\x1e+ 1 > true\nend\n', 'no endend\n');
test('a last line that is not ended', shows, 'a\nb', 'a\nb');
test('half a command at the end', shows, 'a\nb\x1e+ 1 > tr', 'a\nb');

test('20 MB take no time', (t) => {
	const text = `${'x'.repeat(79)}\n\x1e+ 1 > true\n`.repeat(2 ** 18);
	const began = Date.now();
	t.is(filtered(text).length, 80 * 2 ** 18);
	// sed -u took eight minutes of an emulated guest for as much; this is fifty times slower there than here.
	t.true(Date.now() - began < 10_000);
});
