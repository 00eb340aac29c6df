import test from 'ava';
import { Failure } from '../../../src/base/errors.js';
import { generateHostKey, logIn, type LoginOptions } from '../../../src/ssh/login.js';
import { startGuest, type GuestOptions } from './guest.js';

const getsIn = test.macro(async (t, options?: GuestOptions) => {
	await using guest = await startGuest(options);
	await logIn({ ...guest.target, timeoutMs: 10_000 });
	t.deepEqual(guest.seen, { logins: 1, passwords: [guest.target.password] });
});
test('a password that is taken', getsIn);
test('a password asked for interactively', getsIn, { authentication: 'keyboard-interactive' });
test('a shell that greets everybody', getsIn, { shell: 'echo welcome; echo to you >&2' });

const isOfNoUse = test.macro(async (t, shell: string, message: RegExp) => {
	await using guest = await startGuest({ shell });
	const error = await t.throwsAsync(logIn({ ...guest.target, timeoutMs: 10_000 }), { instanceOf: Failure });
	t.is(error?.code, 'ssh-shell');
	t.regex(error?.message ?? '', message);
});
test('a shell that sends people away', isOfNoUse, 'echo This account is currently not available.; exit 1', /runs nothing: This account is currently not available\.$/);
test('an expired password', isOfNoUse, 'echo "Password change required but no TTY available." >&2; exit 1', /the password of user 'ops' has expired, and has to be changed before anything runs: Password change required/);
test('a shell that is not there', isOfNoUse, 'exit 127', /runs nothing: its shell ends with status 127$/);

const refuses = test.macro(
	async (t, change: Partial<LoginOptions>, code: string, message: RegExp, options?: GuestOptions) => {
		await using guest = await startGuest(options);
		const connecting = logIn({ ...guest.target, timeoutMs: 10_000, ...change });
		const error = await t.throwsAsync(connecting, { instanceOf: Failure });
		t.is(error?.code, code);
		t.regex(error?.message ?? '', message);
		t.is(error?.node, 'guest');
		t.is(guest.seen.logins, 0);
	},
);

test(
	'another host key',
	refuses,
	{ hostKey: generateHostKey().publicKey },
	'ssh-host-key',
	/shows host key SHA256:\S{43}, not SHA256:/,
);
test('a wrong password', refuses, { password: 'wrong' }, 'ssh-auth', /refuses user 'ops' with the declared password$/);
test('a wrong password, asked for interactively', refuses, { password: 'wrong' }, 'ssh-auth', /refuses user/, {
	authentication: 'keyboard-interactive',
});
test(
	'a guest that sends nothing',
	refuses,
	{ timeoutMs: 300 },
	'ssh-unreachable',
	/no login within 300 ms/,
	{ silent: true },
);
test(
	'a port where nobody listens',
	refuses,
	{ port: 1 },
	'ssh-unreachable',
	/guest \(127\.0\.0\.1:1\) cannot be reached: .*ECONNREFUSED/,
);

test('a wrong password and a wrong key are offered nothing more', async (t) => {
	await using guest = await startGuest();
	await t.throwsAsync(logIn({ ...guest.target, password: 'wrong', timeoutMs: 10_000 }));
	t.deepEqual(guest.seen.passwords, ['wrong']);
	await t.throwsAsync(logIn({ ...guest.target, hostKey: generateHostKey().publicKey, timeoutMs: 10_000 }));
	t.deepEqual(guest.seen.passwords, ['wrong']);
});

test('an abort ends a login with its reason', async (t) => {
	await using guest = await startGuest({ silent: true });
	const reason = new Error('enough');
	const signal = AbortSignal.timeout(200);
	const abort = new AbortController();
	signal.addEventListener('abort', () => abort.abort(reason));
	t.is(await t.throwsAsync(logIn({ ...guest.target, timeoutMs: 10_000, signal: abort.signal })), reason);
});
