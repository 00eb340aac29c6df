import test from 'ava';
import fc from 'fast-check';
import { encryptPassword } from '../../../src/seed/password.js';

// The hashes are those that `openssl passwd -6 -salt SALT PASSWORD` gives.
const encrypted = test.macro({
	exec: (t, password: string, saltFrom: string, expected: string) => t.is(encryptPassword(password, saltFrom), expected),
	title: (_, password) => `crypt(3) of ${JSON.stringify(password)}`,
});
test(encrypted, 'immich-ops', 'redis/ops', '$6$e242a20c5f48a62f$iI5bzYHLObQxXzbMetW9uULFYF8eJk34ViUcglVcOwWL7TXFNLcRfDvdhk.qSIxymwpAOVhROccUiHqsDHFLR0');
test(encrypted, 'Hello world!', 'one/ops', '$6$9c089b8eb446dbc0$hesTKSqBKtQQAF4Ze4XEqJqum5Iet7AJJfqks0BOYJn8B6mJ9olE4VSRi3Exg056u6DJMxuh4xXWY7lS6tJH50');
test(encrypted, 'pässwörd', 'one/ops', '$6$4b7b14e562d985a6$S2HaALpmrJ1aa7MQ1SDKqF.ZThkZmVsygTTG1qAF1QHi26K0GQJr4Ur41zm8dqzwYI8ls7PLO3ljHfeUQbJCn.');
test(encrypted, 'x'.repeat(70), 'one/ops', '$6$f8695cf198b0816a$4s8YhUbv9SHz3nJSpSvJEwJ0fVSyP5y.Mzrha2K6ySlOr.kUCBniVao7FCOcm0zE2q3/Z/7T9FphDQeKCWsIv1');

test('a hash follows password and place, and has neither in clear', (t) => {
	t.is(encryptPassword('secret', 'one/ops'), encryptPassword('secret', 'one/ops'));
	t.not(encryptPassword('secret', 'one/ops'), encryptPassword('secret', 'two/ops'));
	fc.assert(
		fc.property(fc.string({ minLength: 4 }), (password) => {
			const hash = encryptPassword(password, 'one/ops');
			t.regex(hash, /^\$6\$[0-9a-f]{16}\$[./0-9A-Za-z]{86}$/);
			t.false(hash.includes(password));
		}),
		{ numRuns: 3 },
	);
});
