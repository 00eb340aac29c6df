import test from 'ava';
import { withoutHugePages } from '../../../src/process/huge-pages.js';

test("a program goes without huge pages by way of its architecture's prctl", (t) => {
	for (const [architecture, number] of [['x64', '157'], ['arm64', '167']] as const) {
		const argv = withoutHugePages(['qemu', '-S'], architecture);
		t.is(argv[0], 'perl');
		t.deepEqual(argv.slice(-3), [number, 'qemu', '-S']);
	}
});

test('where the number is not known it is started as it is', (t) => {
	t.deepEqual(withoutHugePages(['qemu', '-S'], 'riscv64'), ['qemu', '-S']);
});
