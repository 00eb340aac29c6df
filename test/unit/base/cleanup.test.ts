import test from 'ava';
import { CleanupStack, withCleanup } from '../../../src/base/cleanup.js';

test('steps run one after the other, last registered first', async (t) => {
	const seen: string[] = [];
	const cleanup = new CleanupStack();
	for (const name of ['first', 'second', 'third']) {
		cleanup.defer(name, async () => {
			seen.push(`${name} begins`);
			await Promise.resolve();
			seen.push(`${name} ends`);
		});
	}
	t.deepEqual(await cleanup.run(), []);
	t.deepEqual(seen, ['third begins', 'third ends', 'second begins', 'second ends', 'first begins', 'first ends']);
});

test('steps of one group are run side by side, in their place among the others', async (t) => {
	const seen: string[] = [];
	const cleanup = new CleanupStack();
	const defer = (name: string, group?: string) =>
		cleanup.defer(
			name,
			async () => {
				seen.push(`${name} begins`);
				await new Promise(setImmediate);
				seen.push(`${name} ends`);
			},
			group,
		);
	defer('a', 'machines');
	defer('network');
	for (const name of ['b', 'c']) defer(name, 'machines');
	defer('sessions');
	t.deepEqual(await cleanup.run(), []);
	const one = (name: string) => [`${name} begins`, `${name} ends`];
	t.deepEqual(seen, [...one('sessions'), 'c begins', 'b begins', 'c ends', 'b ends', ...one('network'), ...one('a')]);
});

test('a step that fails, either way, keeps none from being tried, and is named', async (t) => {
	const cause = new Error('busy');
	const cleanup = new CleanupStack();
	let ran = false;
	cleanup.defer('first', () => void (ran = true));
	cleanup.defer('bridge', () => Promise.reject(cause));
	cleanup.defer('tap', () => {
		throw new Error('gone');
	});
	const errors = (await cleanup.run()) as Error[];
	t.deepEqual(errors.map(({ message }) => message), [
		'clean-up of tap failed: Error: gone',
		'clean-up of bridge failed: Error: busy',
	]);
	t.is(errors[1]?.cause, cause);
	t.true(ran);
});

test('a step that is withdrawn is not run, and the others are', async (t) => {
	const seen: string[] = [];
	const cleanup = new CleanupStack();
	cleanup.defer('first', () => void seen.push('first'));
	const withdraw = cleanup.defer('second', () => void seen.push('second'));
	const late = cleanup.defer('third', () => void seen.push('third'));
	t.is(cleanup.length, 3);
	withdraw();
	withdraw();
	t.is(cleanup.length, 2);
	t.deepEqual(await cleanup.run(), []);
	t.deepEqual(seen, ['third', 'first']);
	late();
});

test('a second run waits for the first and does nothing again', async (t) => {
	let count = 0;
	const cleanup = new CleanupStack();
	cleanup.defer('slow', async () => {
		count++;
		await new Promise(setImmediate);
	});
	const first = cleanup.run();
	const second = cleanup.run();
	t.is(await first, await second);
	t.is(count, 1);
});

test('a step that comes when the clean-up has begun is refused by name', async (t) => {
	const cleanup = new CleanupStack();
	cleanup.defer('late', () => void cleanup.defer('later', () => undefined));
	const [error] = (await cleanup.run()) as Error[];
	t.regex(error?.message ?? '', /clean-up of late failed: .*'later' came too late/);
	t.throws(() => cleanup.defer('latest', () => undefined), { message: /'latest' came too late/ });
});

test('withCleanup gives the value of its body, after the clean-up', async (t) => {
	let cleaned = false;
	const value = await withCleanup(async (cleanup) => {
		cleanup.defer('it', () => void (cleaned = true));
		t.false(cleaned);
		return 'value';
	});
	t.is(value, 'value');
	t.true(cleaned);
});

const body = new Error('body');

/** What withCleanup rejects with when its body and so many of its steps fail. */
const rejection = (bodyFails: boolean, ...steps: readonly string[]): Promise<unknown> =>
	withCleanup(async (cleanup) => {
		for (const message of steps) cleanup.defer(message, () => Promise.reject(new Error(message)));
		if (bodyFails) throw body;
	}).catch((error: unknown) => error);

const messages = (error: unknown): string[] => (error as AggregateError).errors.map((inner: Error) => inner.message);

test('an error of the body alone is thrown as it is', async (t) => {
	t.is(await rejection(true), body);
});

test('an error of the clean-up alone is thrown as it is', async (t) => {
	t.is(((await rejection(false, 'disk')) as Error).message, 'clean-up of disk failed: Error: disk');
});

test('errors of the clean-up come after that of the body, which gives the message', async (t) => {
	const error = (await rejection(true, 'disk', 'tap')) as AggregateError;
	t.is(error.errors[0], body);
	t.is(error.message, 'Error: body');
	t.deepEqual(messages(error), ['body', 'clean-up of tap failed: Error: tap', 'clean-up of disk failed: Error: disk']);
});

test('several errors of the clean-up are thrown together', async (t) => {
	t.deepEqual(messages(await rejection(false, 'disk', 'tap')), [
		'clean-up of tap failed: Error: tap',
		'clean-up of disk failed: Error: disk',
	]);
});

test('a body that throws undefined has failed all the same', async (t) => {
	await t.throwsAsync(
		withCleanup(() => Promise.reject<void>(undefined)).then(
			() => 'resolved',
			(error: unknown) => Promise.reject(new Error(`rejected with ${String(error)}`)),
		),
		{ message: 'rejected with undefined' },
	);
});
