import test from 'ava';
import { Semaphore } from '../../../src/base/semaphore.js';

/** Bodies that end when they are asked to, and the order in which they began. */
function bodies() {
	const began: string[] = [];
	const end = new Map<string, () => void>();
	const body = (name: string) => () =>
		new Promise<string>((resolve, reject) => {
			began.push(name);
			end.set(name, () => (name === 'bad' ? reject(new Error(name)) : resolve(name)));
		});
	return { began, body, end: (name: string) => end.get(name)?.() };
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

test('no more than so many at once, in the order in which they came', async (t) => {
	const semaphore = new Semaphore(2);
	const { began, body, end } = bodies();
	const all = ['a', 'b', 'c', 'd'].map((name) => semaphore.take(body(name)));
	await settle();
	t.deepEqual(began, ['a', 'b']);
	end('b');
	await settle();
	t.deepEqual(began, ['a', 'b', 'c']);
	end('a');
	end('c');
	await settle();
	t.deepEqual(began, ['a', 'b', 'c', 'd']);
	end('d');
	t.deepEqual(await Promise.all(all), ['a', 'b', 'c', 'd']);
});

test('one that fails gives its turn on', async (t) => {
	const semaphore = new Semaphore(1);
	const { began, body, end } = bodies();
	const bad = semaphore.take(body('bad'));
	const next = semaphore.take(body('next'));
	await settle();
	end('bad');
	await t.throwsAsync(bad, { message: 'bad' });
	await settle();
	t.deepEqual(began, ['bad', 'next']);
	end('next');
	t.is(await next, 'next');
});
