/** A machine that boots an ISO as anybody would: no kernel from outside, a drive, a serial line, a network that leads nowhere. */
import { spawn } from 'node:child_process';
import type { ExecutionContext } from 'ava';
import { withoutControls } from '../../../src/base/format.js';
import { ovmfFile } from '../../../src/base/programs.js';
import { poll } from '../../../src/base/waiting.js';

export interface IsoGuest {
	/** Waits for something on the console behind what was waited for before. */
	prints(pattern: RegExp, ms: number): Promise<RegExpExecArray>;
	/** Types a line. */
	type(line: string): void;
	/** Runs a command in the shell that the console is in; resolves to what it wrote. */
	runs(command: string, ms?: number): Promise<string>;
}

/** How it boots: from a CD under BIOS, or from a disk that the ISO was written to under UEFI. */
export type Medium = 'cd' | 'disk';

const drives: Readonly<Record<Medium, (iso: string) => string[]>> = {
	cd: (iso) => ['-drive', `if=none,id=medium,format=raw,readonly=on,file=${iso}`, '-device', 'ide-cd,drive=medium,bootindex=0'],
	disk: (iso) => [
		...['-drive', `if=pflash,format=raw,readonly=on,file=${ovmfFile}`],
		// A disk is written to, here into a file that QEMU forgets.
		...['-drive', `if=none,id=medium,format=raw,snapshot=on,file=${iso}`],
		...['-device', 'ide-hd,drive=medium,bootindex=0'],
	],
};

/** Starts the machine, which ends with the test. */
export function bootIso(t: ExecutionContext, iso: string, medium: Medium): IsoGuest {
	const child = spawn(
		'qemu-system-x86_64',
		[
			...['-machine', 'q35', '-accel', 'tcg', '-cpu', 'max', '-m', '1024', '-nodefaults', '-no-reboot', '-display', 'none'],
			...['-serial', 'stdio', ...drives[medium](iso)],
			...['-netdev', 'user,id=lan,restrict=on', '-device', 'virtio-net-pci,netdev=lan,romfile='],
		],
		{ stdio: ['pipe', 'pipe', 'inherit'] },
	);
	t.teardown(() => void child.kill('SIGKILL'));
	let console = '';
	let position = 0;
	let isOver = false;
	child.on('close', () => (isOver = true));
	child.stdin.on('error', () => undefined);
	child.stdout.setEncoding('utf8').on('data', (text: string) => (console += text));
	const guest: IsoGuest = {
		async prints(pattern, ms) {
			const look = async () => ({ match: pattern.exec(withoutControls(console.slice(position))), isOver });
			const { last } = await poll(look, ({ match, isOver: isDead }) => match !== null || isDead, { intervalMs: 200, deadlineMs: ms });
			if (!last.match) throw new Error(`${isOver ? 'QEMU ended without' : `nothing in ${ms} ms like`} ${String(pattern)}:\n${withoutControls(console).slice(-4000)}`);
			position = console.length;
			return last.match;
		},
		type: (line) => void child.stdin.write(`${line}\r`),
		async runs(command, ms = 60_000) {
			// In the echo of the command, of which there are two where the prompt comes late, the marks are not whole.
			guest.type(`echo "BE""GIN"; ${command}; echo "E""ND $?"`);
			const [, text = ''] = await guest.prints(/(?:^|\n)BEGIN\n([^]*?)END \d+/, ms);
			// The kernel may write in between.
			return text.split('\n').filter((row) => !/^\[ *\d+\.\d+\] /.test(row)).join('\n');
		},
	};
	return guest;
}
