/** Which commands of a shell script reboot their machine or power it off. */
import type { ShellCommand } from './script.js';
import { analyseScript } from './script.js';

/** A unit or a verb of systemctl(1) with which the machine goes down. */
const downVerb = /^(?:reboot|poweroff|halt|kexec|soft-reboot)$/;
const downUnit = /^(?:(?:reboot|poweroff|halt|kexec|soft-reboot|ctrl-alt-del|shutdown)\.target|runlevel[06]\.target|systemd-(?:reboot|poweroff|halt|kexec)\.service)$/;

/** Options with which a command only prints, warns or cancels. */
const harmlessOption = /^(?:--help|--version|-k|-c|--show|-w|--wtmp-only)$/;

/** Whether a command reboots its machine, powers it off or halts it, now or later. */
export function endsMachine({ name, words, writes }: Pick<ShellCommand, 'name' | 'words' | 'writes'>): boolean {
	const [first, ...others] = words.slice(1).map(({ value }) => value);
	const given = first === undefined ? [] : [first, ...others];
	if (writes.some(({ value }) => value === '/proc/sysrq-trigger')) return given.some((word) => /^[bo]$/.test(word));
	switch (name) {
		case 'reboot':
		case 'poweroff':
		case 'halt':
		case 'shutdown':
			return !given.some((word) => harmlessOption.test(word));
		case 'init':
		case 'telinit':
			return given.includes('0') || given.includes('6');
		case 'systemctl': {
			const operands = given.filter((word) => !word.startsWith('-'));
			if (downVerb.test(operands[0] ?? '')) return true;
			return /^(?:start|isolate)$/.test(operands[0] ?? '') && operands.some((word) => downUnit.test(word));
		}
		case 'kexec':
			return given.some((word) => /^(?:-e|--exec)$/.test(word));
		case 'busctl':
		case 'dbus-send':
		case 'gdbus':
			return given.some((word) => /login1/.test(word)) && given.some((word) => /(?:^|\.)(?:Reboot|PowerOff|Halt)(?:WithFlags)?$/.test(word));
		default:
			return false;
	}
}

/** Whether a command, as a shell traced it, is one of them or runs one: `sudo reboot`. */
export const runsShutdown = (command: string): boolean => analyseScript(command).commands.some(endsMachine);
