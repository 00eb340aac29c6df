import test from 'ava';
import { disposed } from '../../../src/process/disposition.js';

test('a program that is given everything is started as it is', (t) => {
	t.deepEqual(disposed(['qemu', '-S'], {}), ['qemu', '-S']);
	t.deepEqual(disposed(['qemu'], { hugePages: true, niceness: 0 }), ['qemu']);
});

test('each wish is a step before the program', (t) => {
	const [program, , script = '', ...rest] = disposed(['qemu', '-S'], { hugePages: false, niceness: 7 }, 'x64');
	t.is(program, 'perl');
	t.regex(script, /^syscall 157, 41, 1, 0, 0, 0; setpriority 0, 0, 7; exec /);
	t.deepEqual(rest, ['--', 'qemu', '-S']);
});

test('a processor whose system calls are not known keeps its huge pages', (t) => {
	t.deepEqual(disposed(['qemu'], { hugePages: false }, 'riscv64'), ['qemu']);
});
