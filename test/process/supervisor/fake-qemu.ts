/**
 * Stands for qemu-system-x86_64: a machine that boots at once, on the command line and the two sockets that a real
 * one has. The environment variable REHEARSE_TEST_QEMU says how it behaves:
 *
 *   works    provisioned, runs a script `setup`, obeys `quit`; a second run of the script makes a file, and its address is
 *            gone after a restart
 *   fails    the same, but the script does not pass
 *   hangs    never says that it is provisioned
 *   panics   its kernel does, when it is told to start
 *   deaf     works, but its monitor answers nothing after the negotiation
 */
import { rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { gzipSync } from 'node:zlib';
import { fileRecord, surveyAnswer } from '../../unit/machine/surveys.js';

const behaviour = process.env['REHEARSE_TEST_QEMU'] ?? 'works';
const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** Listens on the socket of the character device of that id. */
function listen(id: string, onConnection: (socket: Socket) => void): void {
	const option = process.argv.find((word) => word.startsWith(`socket,id=${id},`)) ?? '';
	const path = /,path=([^,]+)/.exec(option)?.[1];
	if (path === undefined) throw new Error(`no socket ${id} among ${process.argv.join(' ')}`);
	// As QEMU does: an earlier machine may have left it.
	rmSync(path, { force: true });
	createServer(onConnection.bind(undefined)).listen(path);
}

listen('qmp', (socket) => {
	socket.write('{"QMP": {"version": {}, "capabilities": []}}\r\n');
	createInterface({ input: socket }).on('line', (line) => {
		const { execute, id } = JSON.parse(line) as { execute: string; id: number };
		if (behaviour === 'deaf' && execute !== 'qmp_capabilities') return;
		socket.write(`${JSON.stringify({ return: {}, id })}\r\n`, () => {
			if (execute === 'quit') process.exit(0);
		});
	});
});

const isRestarted = process.argv.some((word) => word.includes('cloud-init=disabled'));
let repeated = false;

const survey = (): string =>
	surveyAnswer({
		...(repeated ? { files: fileRecord('f 644 0:0 5', '/etc/made') } : { files: '' }),
		...(isRestarted ? { fib_trie: '' } : {}),
	});

listen('agent', (socket) => {
	const finished = { finished: 1, errors: [], recoverable_errors: {} };
	const status = { v1: { 'init-local': finished, init: finished, 'modules-config': finished, 'modules-final': finished } };
	if (behaviour === 'hangs') return;
	socket.write(`provisioned cloud_init=${base64(JSON.stringify(status))} failed=\n`);
	createInterface({ input: socket }).on('line', (line) => {
		if (line === 'survey') socket.write(`surveyed data=${survey()}\n`);
		if (line === 'reboot') process.exit(0);
		if (line === 'again setup') {
			repeated = true;
			socket.write(`script-repeated script=setup result=success status=0 ms=5 stream=${base64('done\n')}\n`);
		}
		if (line !== 'start') return;
		if (behaviour === 'panics') {
			process.stdout.write('Kernel panic - not syncing: out of luck\r\n');
			return;
		}
		socket.write('script-started script=setup\n');
		const result = behaviour === 'fails' ? 'result=exit-code status=1' : 'result=success status=0';
		socket.write(`script-finished script=setup ${result} ms=5 stream=${base64('done\n')}\n`);
		socket.write('started failed=\n');
	});
});

/** Its shell says what it is told, until it is told to end. */
let shell: Socket | undefined;
listen('shell', (socket) => {
	shell = socket;
	socket.on('data', (data) => socket.write(data));
});

listen('debug', () => undefined);

listen('side', (socket) => {
	createInterface({ input: socket }).on('line', (line) => {
		const [word = '', first = ''] = line.split(' ');
		if (word === 'authorize') socket.write(`authorized user=${first} status=${first === 'nobody' ? 1 : 0}\n`);
		if (word === 'shell') {
			socket.write(`shell-began id=${first}\n`);
			shell?.write(`a shell of ${line}\n`);
		}
		if (word === 'journal') socket.write(`journal text=${gzipSync(`the last ${first} lines\n`).toString('base64')}\n`);
		if (word === 'size') shell?.write(`${line}\n`);
	});
});

process.stdout.write('fake machine\r\n');
