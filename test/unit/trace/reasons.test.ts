import test from 'ava';
import type { TraceStep } from '../../../src/lab/trace.js';
import { reasonsFor } from '../../../src/trace/reasons.js';

const killed = 'Out of memory: Killed process 613 (python3) total-vm:600000kB, anon-rss:400000kB';
const step = (line: number, command: string, more: Partial<TraceStep> = {}): TraceStep => ({ line, command, depth: 0, ...more });
const read = (output: string, ...steps: TraceStep[]) => ({ output, trace: { shell: 'bash' as const, steps } });

const reports = test.macro((t, ended: Parameters<typeof reasonsFor>[0], seen: ReturnType<typeof read>, expected: string[]) => t.deepEqual(reasonsFor(ended, seen), expected));

test('nothing where nothing is known', reports, { status: 'failed', exitCode: 1 }, read('no such file\n', step(3, 'cp a b', { status: 1, fate: 'failing' })), []);
test('the kernel killed what the script ended on', reports, { status: 'failed', exitCode: 137, kernel: [killed] }, read('', step(3, 'python3 eat.py', { status: 137, fate: 'failing' })), [`the kernel: ${killed}`]);
test('the kernel killed it, and systemd the script with it', reports, { status: 'failed', kernel: [killed] }, read('', step(3, 'python3 eat.py')), [
	`the kernel: ${killed}`,
	'the process that was killed had status 137 (SIGKILL)',
]);
test('what was killed was passed over', reports, { status: 'failed', exitCode: 1, kernel: [killed] }, read('', step(3, 'python3 eat.py', { status: 137, fate: 'swallowed' }), step(4, 'false', { status: 1, fate: 'failing' })), [
	`the kernel: ${killed}`,
	'status 137 (SIGKILL) of line 3: python3 eat.py',
]);
test('a script that passed all the same has the kernel\'s message', reports, { status: 'passed', exitCode: 0, kernel: [killed] }, read('No space left on device\n'), [`the kernel: ${killed}`]);
test('no room on the disk', reports, { status: 'failed', exitCode: 1, full: ['no room is left on /: 0.0 of 5835 MiB'] }, read('cleaning up\n', step(3, 'dd of=/big', { status: 1, fate: 'failing', output: "dd: error writing '/big': No space left on device\n1+0 records in\n" })), [
	"it printed: dd: error writing '/big': No space left on device",
	'no room is left on /: 0.0 of 5835 MiB',
]);
test('the error of another language', reports, { status: 'failed', exitCode: 1 }, read('Traceback\nOSError: [Errno 28] No space left on device\nbye\n'), ['it printed: OSError: [Errno 28] No space left on device']);
test('no memory for another process', reports, { status: 'failed', exitCode: 254 }, read('bash: fork: Cannot allocate memory\n'), ['it printed: bash: fork: Cannot allocate memory']);

const partOfBoot = ['a startup script is part of the boot: multi-user.target, and every unit that comes after it, waits for the end of this script'];
for (const command of ['systemctl start late.service', 'systemctl enable --now late', 'systemctl --quiet restart late']) {
	test(`time ran out in ${command}`, reports, { status: 'timed-out' }, read('', step(9, command, { fate: 'failing' })), partOfBoot);
}
for (const command of ['systemctl enable late', 'systemctl stop late', 'curl http://example.org/start']) {
	test(`time ran out in ${command}, which waits for no boot`, reports, { status: 'timed-out' }, read('', step(9, command, { fate: 'failing' })), []);
}
test('what failed in time did not wait', reports, { status: 'failed', exitCode: 1 }, read('', step(9, 'systemctl start late', { status: 1, fate: 'failing' })), []);
