/** Scripts that write what the shell begins its records with. */
import test from 'ava';
import { parseStream } from '../../../src/trace/stream.js';
import { usualCpuMs } from '../base/cost.js';

const length = 2 ** 20;

const fast = test.macro({
	title: (_title, piece: string) => `a mebibyte of ${JSON.stringify(piece)} in what a script wrote is read at once`,
	async exec(t, piece: string) {
		// A part of it first: what takes its length squared would not end within a test.
		for (const some of [length / 16, length]) {
			const ms = await usualCpuMs(1000, () => parseStream(piece.repeat(some / piece.length), ''));
			t.true(ms < 1000, `${ms} ms for ${some} characters`);
			if (ms >= 1000) return;
		}
	},
});

test.serial(fast, '\x1e');
test.serial(fast, '\x1e+ ');
test.serial(fast, '\x1e+ 1.1 1 1 1 1 0 | 1 ');
test.serial(fast, '\x1e+ 1.1 1 1 1 1 ');
test.serial(fast, '\x1e+ 1.1 1 1 1 1 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0');

test('a record is found behind marks that a script wrote', (t) => {
	const { shell, records } = parseStream(`\x1e\x1e\n${'\x1e'.repeat(100)}\n\x1e\x1e+ 1700000000.5 1 2 3 0 0 | 7 /a > true\nout\n`, '');
	t.is(shell, 'bash');
	t.deepEqual(records.map(({ level, line, source, command, output }) => ({ level, line, source, command, output })), [
		{ level: 2, line: 7, source: '/a', command: 'true', output: 'out\n' },
	]);
});
