import test from 'ava';
import { niced } from '../../../src/process/niceness.js';

test('a program whose priority is not lowered is started as it is', (t) => {
	t.deepEqual(niced(['qemu', '-S'], 0), ['qemu', '-S']);
});

test('one that does is started by nice(1)', (t) => {
	t.deepEqual(niced(['qemu', '-S'], 3), ['nice', '-n', '3', 'qemu', '-S']);
});
