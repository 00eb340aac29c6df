import test from 'ava';
import { helpLines, readTyped, type Typed } from '../../../../src/commands/live/debugger/input.js';

const reads = test.macro({
	title: (_title, typed: string) => `'${typed}' is understood`,
	exec(t, typed: string, expected: Typed | undefined) {
		t.deepEqual(readTyped(typed), expected);
	},
});

test(reads, '', undefined);
test(reads, '  # a remark', undefined);
test(reads, 's', { command: 'step' });
test(reads, ' next ', { command: 'next' });
test(reads, 'u 12', { command: 'until', line: 12 });
test(reads, 'b', { command: 'breaks' });
test(reads, 'break 7', { command: 'break', line: 7 });
test(reads, 'd 7', { command: 'delete', line: 7 });
test(reads, 'back', { command: 'back', steps: 1 });
test(reads, 'back 0', { command: 'back', steps: 0 });
test(reads, 'p IFACE ${name} $other', { command: 'print', names: ['IFACE', 'name', 'other'] });
test(reads, 'e  echo "$1"  two', { command: 'evaluate', text: 'echo "$1"  two' });
test(reads, 'r', { command: 'retry', text: '' });
test(reads, 'retry ip link set eth0 up', { command: 'retry', text: 'ip link set eth0 up' });
test(reads, 'i true', { command: 'instead', text: 'true' });
test(reads, '?', { command: 'help' });

const refuses = test.macro({
	title: (_title, typed: string) => `'${typed}' is refused`,
	exec(t, typed: string, message: string) {
		t.throws(() => readTyped(typed), { code: 'usage', message });
	},
});

test(refuses, 'jump 3', "there is no command 'jump'");
test(refuses, 'u', 'until needs the number of a line');
test(refuses, 'b 0', 'break needs the number of a line');
test(refuses, 'e', 'eval needs a command');
test(refuses, 'p $(reboot)', 'print needs names of variables');
test(refuses, 'back two', 'back needs a number of steps');
test(refuses, 'step 3', 'step takes no argument');

test('help has a line for each command', (t) => {
	t.true(helpLines().includes('  s, step             run this command, into functions'));
	t.true(helpLines().some((line) => line.startsWith('  r, retry [COMMAND]  go back')));
});
