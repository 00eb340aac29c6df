/**
 * Stands for qemu-system-x86_64 with a canary in it. The environment variable REHEARSE_TEST_QEMU chooses how it behaves:
 *
 *   works    boots, is saved, and goes on when it was restored
 *   breaks   ends before its kernel is in user space
 *   panics   ends in order when its kernel panics
 *   old      cannot save a state so
 *   refuses  does not load what was saved
 *   dies     ends when it goes on
 */
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { onLines } from '../../../src/base/lines.js';

const behaviour = process.env['REHEARSE_TEST_QEMU'] ?? 'works';
const isIncoming = process.argv.includes('-incoming');
const socketPath = /socket,id=qmp,path=([^,]+)/.exec(process.argv.join(' '))?.[1] ?? '';

if (behaviour === 'breaks') {
	process.stderr.write('qemu-system-x86_64: error: failed to set MSR 0x10a\nEAX=00000000\n');
	process.exit(1);
}

if (behaviour === 'panics') {
	process.stdout.write('[    0.9] Kernel panic - not syncing: IO-APIC + timer does not work!\r\n', () => process.exit(0));
}

interface Command {
	readonly execute: string;
	readonly id: number;
	readonly arguments?: { readonly filename?: string };
}

function execute({ execute: command, arguments: args }: Command): unknown {
	if (command === 'query-qmp-schema') return behaviour === 'old' ? [{ name: 'stop' }] : [{ name: 'xen-save-devices-state' }];
	if (command === 'xen-save-devices-state') writeFileSync(args?.filename ?? '', 'devices');
	if (command === 'query-migrate') return behaviour === 'refuses' ? { status: 'failed', 'error-desc': 'Unknown section' } : { status: 'completed' };
	if (command === 'cont' && behaviour === 'dies') process.exit(1);
	return {};
}

createServer((socket) => {
	socket.write('{"QMP": {"version": {}, "capabilities": []}}\r\n');
	onLines(socket, {
		onLine(line) {
			const command = JSON.parse(line) as Command;
			socket.write(`${JSON.stringify({ return: execute(command), id: command.id })}\r\n`);
		},
	});
}).listen(socketPath);

if (isIncoming) onLines(process.stdin, { onLine: (line) => void process.stdout.write(`rehearse-restored-${Number(line) * 7}\r\n`) });
else if (behaviour !== 'panics') process.stdout.write('rehearse-canary-42\r\n');
