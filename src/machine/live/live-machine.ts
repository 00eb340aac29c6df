/** A machine that boots a live medium by its firmware, as OpenFactory's runner starts one. */
import { usageFailure } from '../../base/errors.js';
import { onLines } from '../../base/lines.js';
import { endless } from '../agent-message.js';
import type { AgentMessage } from '../agent-message.js';
import type { FatalPattern } from '../console.js';
import { startQemu, type QemuOptions } from '../process.js';
import { machineDied, type RunningMachine } from '../running-machine.js';
import type { MachineSpec } from '../spec.js';
import { GuestAgent } from './guest-agent.js';
import { LiveGuest, type LiveGuestOptions } from './live-guest.js';
import { liveArguments } from './spec.js';
import { Terminal } from './terminal.js';

export interface LiveMachineOptions extends QemuOptions, Pick<LiveGuestOptions, 'ssh' | 'scripts'> {
	readonly onMessage: (message: AgentMessage) => void;
}

/** Messages of boot loaders, firmware and live-boot that cannot go on. */
export const liveFatalPatterns: readonly FatalPattern[] = [
	{
		pattern: /Unable to find a medium containing a live file system/,
		meaning: 'its initial ramdisk finds no medium with the live file system: does it lack the driver of the drive, or of the file system?',
	},
	{ pattern: /grub rescue> |^error: no such device/m, meaning: 'its boot loader does not find its own medium' },
	{ pattern: /^grub> /m, meaning: 'its boot loader finds no menu' },
	{ pattern: /error: (file `[^']{0,300}' not found)/, meaning: 'its boot loader lacks what its menu names' },
	{ pattern: /Timed out waiting for device[^\n]{0,300}ttyS0/, meaning: 'its console has no login: systemd gave up waiting for the serial line, as on a host that is much too slow' },
	{ pattern: /BdsDxe: No bootable option|^(?:UEFI Interactive )?Shell> /m, meaning: 'its firmware (UEFI) finds no boot loader on the medium' },
];

/** What SeaBIOS writes to its debug port. */
const noBootLoader = /No bootable device|Boot failed: (?:not a bootable disk|Could not read)/;

/** Starts the machine: resolves when QEMU runs, long before the guest has booted. */
export async function startLiveMachine(spec: MachineSpec, options: LiveMachineOptions): Promise<RunningMachine> {
	const { live } = spec;
	if (!live) throw new Error(`${spec.name} has no live medium`);
	const { cleanup, ssh, scripts, onMessage } = options;
	const taking = { take: (_text: string) => undefined as void };
	const own = { fatalPatterns: liveFatalPatterns, onConsole: (text: string) => taking.take(text), isTypedAt: true };
	const qemu = await startQemu(spec, liveArguments(spec, options.accelerator), { ...options, ...own });
	const { hardware, breakage } = qemu;
	const terminal = new Terminal({ type: (text) => qemu.type(text), broken: breakage.promise, late: qemu.late });
	taking.take = (text) => terminal.take(text);
	const firmware = await qemu.connect(spec.debugSocket);
	firmware.on('error', () => firmware.destroy());
	onLines(firmware, {
		maximumBytes: 4096,
		onLine: (line) => void (noBootLoader.test(line) && breakage.report(machineDied, 'its firmware (BIOS) finds no boot loader on the medium')),
	});
	const guestAgent = live.hasGuestAgent ? new GuestAgent(spec.name, await qemu.connect(spec.agentSocket), (bytes) => options.onNotice(endless(bytes))) : undefined;
	const guest = new LiveGuest({
		...{ node: spec.name, terminal, guestAgent, login: live.login, ssh, scripts, onMessage, late: qemu.late, broken: breakage.promise },
		hasPersistence: live.persistenceFile !== undefined,
	});
	cleanup.defer(`session of ${spec.name}`, () => guest.end());
	return {
		...hardware,
		guest,
		get agent(): never {
			throw usageFailure(`${spec.name} was booted from its ISO, which has nothing of this tool in it`, { node: spec.name });
		},
		shutDown: (wait) => {
			// It may be gone before it has answered.
			const ask = () => void guest.commands.run('systemctl reboot --no-block', { timeoutMs: wait.deadlineMs, signal: wait.signal }).catch(() => undefined);
			return qemu.ends(ask, wait);
		},
	};
}
