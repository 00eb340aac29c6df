import test from 'ava';
import fc from 'fast-check';
import { encryptPassword } from '../../../src/seed/password.js';

// The hashes are those that crypt(3) of glibc gives for the salt '$6$rounds=1000$SALT'.
const encrypted = test.macro({
	exec: (t, password: string, saltFrom: string, expected: string) => t.is(encryptPassword(password, saltFrom), expected),
	title: (_, password) => `crypt(3) of ${JSON.stringify(password)}`,
});
test(encrypted, 'immich-ops', 'redis/ops', '$6$rounds=1000$e242a20c5f48a62f$ICTVPiNFJXiRbMKUNeSS6ZNtxMf/bMkH0R5H4QvXYwCVDnhll/ZKZ5m8WRJGirVeP.zd0HRZVSoXEhsE51wJN0');
test(encrypted, 'Hello world!', 'one/ops', '$6$rounds=1000$9c089b8eb446dbc0$gIWN34l4/GcTC.rZeL0SsqEZXDWsGH26Ax01L1q6n0xdg8g1qWxC8FMGHPcHn18.F5szNoJcLGA.wN82xW.5X1');
test(encrypted, 'pässwörd', 'one/ops', '$6$rounds=1000$4b7b14e562d985a6$pZvWM4fzlia6X/l7qQfioR46EqCzpWAfZKhCAFSeeD2YCMLTnL10F.GdM52bzY8A5HzgaLZGFTfZ7tQZvXsbX0');
test(encrypted, 'x'.repeat(70), 'one/ops', '$6$rounds=1000$f8695cf198b0816a$Gl30I.ulu0/ce1rzJhqZyvozYWFtZxeEFKmRFhDbC1rUrwqSPYVcDC49RVjzASQZeJFwuqB7pFG6nEFrrRbH..');

test('a hash follows password and place, and has neither in clear', (t) => {
	t.is(encryptPassword('secret', 'one/ops'), encryptPassword('secret', 'one/ops'));
	t.not(encryptPassword('secret', 'one/ops'), encryptPassword('secret', 'two/ops'));
	fc.assert(
		fc.property(fc.string({ minLength: 4 }), (password) => {
			const hash = encryptPassword(password, 'one/ops');
			t.regex(hash, /^\$6\$rounds=1000\$[0-9a-f]{16}\$[./0-9A-Za-z]{86}$/);
			t.false(hash.includes(password));
		}),
		{ numRuns: 3 },
	);
});
