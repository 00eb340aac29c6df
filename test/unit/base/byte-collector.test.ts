import test from 'ava';
import { ByteCollector } from '../../../src/base/byte-collector.js';
import { memoryInUse } from './memory.js';

test('what was added comes back in one piece, once', (t) => {
	const bytes = new ByteCollector();
	t.is(bytes.take().length, 0);
	for (const piece of ['a', '', 'bc', 'd'.repeat(100)]) bytes.add(Buffer.from(piece));
	t.is(bytes.length, 103);
	t.is(bytes.take().toString(), `abc${'d'.repeat(100)}`);
	t.is(bytes.length, 0);
	t.is(bytes.take().length, 0);
});

test('a piece is copied: who owns it may write to it', (t) => {
	const bytes = new ByteCollector();
	const piece = Buffer.from('abc');
	bytes.add(piece);
	piece.fill('x');
	t.is(bytes.take().toString(), 'abc');
});

test.serial('a million single bytes take a few megabytes', (t) => {
	const before = memoryInUse();
	const bytes = new ByteCollector();
	for (let count = 0; count < 2 ** 20; count++) bytes.add(Buffer.from('x'));
	t.true(memoryInUse() - before < 4 * 2 ** 20, `${memoryInUse() - before} bytes`);
	t.is(bytes.length, 2 ** 20);
});
