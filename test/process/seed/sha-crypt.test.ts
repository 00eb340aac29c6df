/** Hashes of passwords, against those of the system's own library, by perl's crypt(). */
import test from 'ava';
import { run } from '../../../src/process/run.js';
import { sha512Crypt } from '../../../src/seed/sha-crypt.js';

const program = `use utf8; binmode STDIN; while (<STDIN>) { chomp; my ($setting, $hex) = split ' '; print crypt(pack('H*', $hex // ''), $setting), "\\n" }`;

/** What the system makes of passwords. */
async function hashed(pairs: readonly (readonly [setting: string, password: string])[]): Promise<readonly string[]> {
	const input = pairs.map(([setting, password]) => `${setting} ${Buffer.from(password).toString('hex')}\n`).join('');
	return (await run(['perl', '-e', program], { input })).stdout.trimEnd().split('\n');
}

test('every length, and above all those of whole blocks', async (t) => {
	const passwords = [...Array.from({ length: 261 }, (_none, length) => 'x'.repeat(length)), 'é'.repeat(32), '0123456789abcdef'.repeat(4), 'añ🐘'.repeat(20)];
	const salts = ['0123456789abcdef', 'a', 'short.Salt/'];
	const pairs = passwords.flatMap((password, index) => [[`$6$rounds=1000$${salts[index % 3]}$`, password] as const]);
	const expected = await hashed(pairs);
	t.deepEqual(passwords.map((password, index) => sha512Crypt(password, salts[index % 3] ?? '', 1000)), expected);
});

test('the usual number of rounds does not show', async (t) => {
	t.deepEqual([sha512Crypt('immich-ops', 'saltsaltsaltsalt')], await hashed([['$6$saltsaltsaltsalt$', 'immich-ops']]));
});
