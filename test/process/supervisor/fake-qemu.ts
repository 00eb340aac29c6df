/**
 * Stands for qemu-system-x86_64: a machine that boots at once, on the command line and the two sockets that a real
 * one has. The environment variable REHEARSE_TEST_QEMU chooses how it behaves:
 *
 *   works    provisioned, runs a script `setup`, obeys `quit`; a second run of the script makes a file, and its address is
 *            gone after a restart
 *   fails    the same, but the script does not pass
 *   hangs    never reports that it is provisioned
 *   panics   its kernel does, when it is asked to start
 *   stuck    is halted when it is asked to start, as what it writes cannot be written
 *   reboots  writes to its console that it restarts, and is reset, when it is asked to start
 *   reboots-once  the same at its first boot only
 *   powers-off    powers itself off then, behind a script that it has begun
 *   halts    writes to its console that it is halted then
 *   resets   is reset without a message then
 *   healthy  works, and no unit of it has failed when it was restored
 *   sleeps   works, but sends nothing when it was restored
 *   loads    works, but is never done with loading what was saved
 *   evil     has in all that it writes what no terminal and no CI runner may get to see; its script fails
 *   evil-passes  the same, but its script passes
 *   endless-agent …  works, but first writes lines on that channel that have hardly an end; several may be named
 *   deaf     works, but its monitor answers nothing after the negotiation
 *
 * It is saved and restored, and does nothing while it is halted, as far as the debugger goes.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { onLines } from '../../../src/base/lines.js';
import { evil } from '../../unit/base/evil.js';
import { fileRecord, snapshotAnswer } from '../../unit/machine/snapshots.js';
import { obey, position, type FakeState } from './fake-script.js';

const behaviour = process.env['REHEARSE_TEST_QEMU'] ?? 'works';
const isEvil = behaviour.startsWith('evil');
const onLine = (socket: Socket, act: (line: string) => void): void => onLines(socket, { onLine: act });
const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** Listens on the socket of the character device of that id. */
function listen(id: string, onConnection: (socket: Socket) => void): void {
	const option = process.argv.find((word) => word.startsWith(`socket,id=${id},`)) ?? '';
	const path = /,path=([^,]+)/.exec(option)?.[1];
	if (path === undefined) throw new Error(`no socket ${id} among ${process.argv.join(' ')}`);
	// As QEMU does: an earlier machine may have left it.
	rmSync(path, { force: true });
	createServer((socket) => {
		if (behaviour.startsWith('endless-') && behaviour.split('-').includes(id)) for (const letter of 'xy') socket.write(`${letter.repeat(33 * 2 ** 20)}\n`);
		onConnection(socket);
	}).listen(path);
}

/** The machine's memory is this file; what is saved of it otherwise is `devices`. */
const memoryFile = /,mem-path=([^,]+)/.exec(process.argv.join(' '))?.[1] ?? '';
const devices = 'processor and devices';
let isLoaded = true;

const isIncoming = process.argv.includes('-incoming');
let isHalted = isIncoming;
let isStuck = false;
let state: FakeState = { position: 0, done: [] };
if (!isIncoming) writeFileSync(memoryFile, '');
/** What is to be done once it goes on. */
const later: (() => void)[] = [];

interface QmpCommand {
	readonly execute: string;
	readonly id: number;
	readonly arguments?: { readonly channels?: readonly [{ readonly addr: { readonly filename: string } }]; readonly filename?: string };
}

function execute({ execute: command, arguments: args }: QmpCommand): object {
	const [file] = args?.channels ?? [];
	if (command === 'stop') isHalted = true;
	if (command === 'cont') {
		isHalted = false;
		for (const action of later.splice(0)) action();
	}
	if (command === 'xen-save-devices-state' && args?.filename !== undefined) {
		writeFileSync(args.filename, devices);
		writeFileSync(memoryFile, JSON.stringify(state));
	}
	if (command === 'migrate-incoming' && file) {
		isLoaded = readFileSync(file.addr.filename, 'utf8') === devices;
		state = JSON.parse(readFileSync(memoryFile, 'utf8')) as FakeState;
	}
	if (command === 'query-migrate' && behaviour === 'loads') return { status: 'active' };
	if (command === 'query-migrate') return isLoaded ? { status: 'completed' } : { status: 'failed', 'error-desc': 'no such devices' };
	if (command === 'query-status') return isStuck ? { running: false, status: 'io-error' } : { running: !isHalted };
	return {};
}

let monitor: Socket | undefined;
listen('qmp', (socket) => {
	// Others may look at it too.
	monitor ??= socket;
	socket.write('{"QMP": {"version": {}, "capabilities": []}}\r\n');
	onLine(socket, (line) => {
		const command = JSON.parse(line) as QmpCommand;
		if (behaviour === 'deaf' && command.execute !== 'qmp_capabilities') return;
		socket.write(`${JSON.stringify({ return: execute(command), id: command.id })}\r\n`, () => {
			if (command.execute === 'quit') process.exit(0);
		});
	});
});

const isRestarted = process.argv.some((word) => word.includes('cloud-init=disabled'));
let repeated = false;

const snapshot = (): string =>
	snapshotAnswer({
		...(repeated ? { files: fileRecord('f 644 0:0 5', '/etc/made') } : { files: '' }),
		...(isRestarted ? { fib_trie: '' } : {}),
	});

let agent: Socket | undefined;
listen('agent', (socket) => {
	const finished = { finished: 1, errors: [], recoverable_errors: {} };
	const status = { v1: { 'init-local': finished, init: finished, 'modules-config': finished, 'modules-final': finished } };
	if (behaviour === 'hangs') return;
	agent = socket;
	if (isIncoming) {
		const id = /systemd\.machine_id=(\w+)/.exec(process.argv.join(' '))?.[1] ?? '';
		onLine(socket, (line) => {
			const isFailed = !['healthy', 'rekeyed'].includes(behaviour) && (behaviour !== 'healthy-but-one' || process.argv.join(' ').includes('guest=one'));
			const failed = isFailed ? base64('a unit') : '';
			if (line === 'wake' && behaviour !== 'sleeps') {
				socket.write(`awake machine_id=${id} key_type=ssh-ed25519 key=${behaviour === 'rekeyed' ? 'BBBB' : 'AAAA'} reseeded=1 failed=${failed} offset=0.1 delay=2.5\n`);
			}
			start(socket, line);
		});
		return;
	}
	socket.write(`provisioned cloud_init=${base64(JSON.stringify(status))} failed=\n`);
	onLine(socket, (line) => {
		if (line === 'snapshot') socket.write(`snapshot data=${snapshot()}\n`);
		if (line === 'reboot') process.exit(0);
		if (line === 'again setup') {
			repeated = true;
			socket.write(`script-repeated script=setup result=success status=0 ms=5 stream=${base64('done\n')}\n`);
		}
		if (line === 'debug *') {
			socket.write('script-started script=setup\n');
			port?.write(`${position(state)}\n`);
		}
		start(socket, line);
	});
});

/** Runs its startup scripts when it is asked to. */
function start(socket: Socket, line: string): void {
	if (line !== 'start') return;
	if (behaviour === 'panics') {
		process.stdout.write('Kernel panic - not syncing: out of luck\r\n');
		return;
	}
	if (behaviour === 'powers-off') {
		socket.write('script-started script=setup\n', () => monitor?.write('{"event": "SHUTDOWN", "data": {"guest": true, "reason": "guest-shutdown"}}\r\n', () => setTimeout(() => process.exit(0), 20)));
		return;
	}
	if (behaviour === 'halts') return void process.stdout.write('[   61.2] reboot: System halted\r\n');
	if (behaviour === 'reboots' || behaviour === 'resets' || (behaviour === 'reboots-once' && !isRestarted)) {
		if (behaviour !== 'resets') process.stdout.write('[   61.2] reboot: Restarting system\r\n');
		monitor?.write('{"event": "SHUTDOWN", "data": {"guest": true, "reason": "guest-reset"}}\r\n');
		return;
	}
	if (behaviour === 'stuck') {
		isStuck = true;
		monitor?.write('{"event": "STOP", "timestamp": {"seconds": 1, "microseconds": 0}}\r\n');
		return;
	}
	socket.write('script-started script=setup\n');
	const result = behaviour === 'fails' || behaviour === 'evil' ? 'result=exit-code status=1' : 'result=success status=0';
	const output = behaviour === 'separates' ? 'one\u2028two\n' : isEvil ? `${evil}\n` : 'done\n';
	socket.write(`script-finished script=setup ${result} ms=5 stream=${base64(output)}${isEvil ? ` kernel=${base64(evil)} full=${base64(evil)}` : ''}\n`);
	if (isEvil) process.stdout.write(`${evil}\r\n`);
	socket.write(`started failed=${isEvil ? base64(`${evil}.service`) : ''}\n`);
}

/** Its shell echoes its input, until it is asked to end. */
let shell: Socket | undefined;
listen('shell', (socket) => {
	shell = socket;
	socket.on('data', (data) => socket.write(data));
});

let port: Socket | undefined;
listen('debug', (socket) => {
	port = socket;
	const act = (line: string) => {
		const message = obey(state, line);
		if (message !== 'over') return void (message === undefined || socket.write(`${message}\n`));
		agent?.write(`script-finished script=setup result=success status=0 ms=5 stream=${base64(state.done.join('\n'))}\n`);
		agent?.write('started failed=\n');
	};
	onLine(socket, (line) => void (isHalted ? later.push(() => act(line)) : act(line)));
});

listen('control', (socket) => {
	onLine(socket, (line) => {
		const [request = '', first = '', second = ''] = line.split(' ');
		if (request === 'authorize') {
			state.keys = [...(state.keys ?? []), second];
			process.stdout.write(`let in ${second}\r\n`);
		}
		if (request === 'authorize') socket.write(`authorized user=${first} status=${first === 'nobody' ? 1 : 0}\n`);
		if (request === 'shell') {
			socket.write(`shell-began id=${first}\n`);
			shell?.write(`a shell of ${line}\n`);
		}
		if (request === 'journal') socket.write(`journal text=${gzipSync(isEvil ? evil : `the last ${first} lines\n`).toString('base64')}\n`);
		if (request === 'size') shell?.write(`${line}\n`);
	});
});

/** Every command succeeds and prints its own text. */
listen('commands', (socket) => {
	onLine(socket, (line) => {
		const [request, id, command = ''] = line.split(' ');
		if (request === 'restarts') socket.write(`began id=${id}\nended id=${id} status=0 signal=0\n`);
		if (request === 'run') socket.write(`began id=${id}\nout id=${id} data=${isEvil ? base64(evil) : command}\nended id=${id} status=0 signal=0\n`);
	});
});

// Reboots, as from within; QEMU was asked to end with that.
process.on('SIGUSR2', () => {
	monitor?.write('{"event": "SHUTDOWN", "data": {"guest": true, "reason": "guest-reset"}, "timestamp": {"seconds": 1, "microseconds": 0}}\r\n', () => setTimeout(() => process.exit(0), 100));
});

process.stdout.write('fake machine\r\n');
