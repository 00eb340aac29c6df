import test from 'ava';
import { Failure } from '../../../src/base/errors.js';
import { SshPool } from '../../../src/ssh/pool.js';
import { startGuest } from './guest.js';

const soon = { timeoutMs: 10_000 };
const options = { readyTimeoutMs: 10_000 };

test('a node has one session, made when it is first asked for', async (t) => {
	await using guest = await startGuest();
	const pool = new SshPool([guest.target], options);
	t.is(guest.seen.logins, 0);
	const [first, second] = await Promise.all([pool.session('guest'), pool.session('guest')]);
	t.is(first, second);
	t.is(await pool.session('guest'), first);
	t.is(guest.seen.logins, 1);
	await pool.close();
	t.true(first.closed);
});

test('a lost session is made again, once for all who ask', async (t) => {
	await using guest = await startGuest();
	const pool = new SshPool([guest.target], options);
	const first = await pool.session('guest');
	guest.cut();
	await t.throwsAsync(first.exec('true', soon));
	const [second, third] = await Promise.all([pool.session('guest'), pool.session('guest')]);
	t.not(second, first);
	t.is(second, third);
	t.is((await second.exec('echo back', soon)).stdout, 'back\n');
	t.is(guest.seen.logins, 2);
	await pool.close();
});

test('a guest that could not be reached is tried again when asked for again', async (t) => {
	await using guest = await startGuest();
	const { port, ...rest } = guest.target;
	const target = { ...rest, port: 1 };
	const pool = new SshPool([target], options);
	await t.throwsAsync(pool.session('guest'), { instanceOf: Failure, message: /ECONNREFUSED/ });
	target.port = port;
	t.is((await (await pool.session('guest')).exec('echo in', soon)).stdout, 'in\n');
	await pool.close();
});

test('a refused password is offered once', async (t) => {
	await using guest = await startGuest();
	const pool = new SshPool([{ ...guest.target, password: 'wrong' }], options);
	for (let i = 0; i < 3; i++) await t.throwsAsync(pool.session('guest'), { message: /refuses user 'ops'/ });
	t.deepEqual(guest.seen.passwords, ['wrong']);
	await pool.close();
});

test('closing ends a login under way, and nothing is opened afterwards', async (t) => {
	await using guest = await startGuest({ silent: true });
	const pool = new SshPool([guest.target], { readyTimeoutMs: 60_000 });
	const pending = t.throwsAsync(pool.session('guest'), { message: 'the SSH sessions were closed' });
	await pool.close();
	await pending;
	await t.throwsAsync(pool.session('guest'), { message: 'the SSH sessions were closed' });
});

test('a node that is not of the lab is a mistake of the caller', async (t) => {
	const pool = new SshPool([], options);
	await t.throwsAsync(pool.session('nobody'), { instanceOf: Failure, message: /nobody/ });
});

test('a guest whose farewell nobody waits for is hung up on, its commands with it', async (t) => {
	await using guest = await startGuest();
	const pool = new SshPool([guest.target], options);
	const session = await pool.session('guest');
	const pending = t.throwsAsync(session.exec('sleep 60', { timeoutMs: 60_000 }), { code: 'ssh-lost' });
	guest.pause();
	const began = performance.now();
	await pool.hangUp();
	await pending;
	t.true(session.closed);
	t.true(performance.now() - began < 900, 'a farewell is waited for a second');
	await t.throwsAsync(pool.session('guest'), { message: 'the SSH sessions were closed' });
});
