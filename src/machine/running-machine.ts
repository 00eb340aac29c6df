/** A running machine as the rest of the tool sees it, whatever it was booted from, and whatever program answers in it. */
import type { Agent, Guest } from './guest.js';
import type { FrozenDisk, MigrationOptions } from './migration.js';
import type { StateFiles } from './memory.js';
import type { GuestMemory } from './spec.js';

/** The machine around the guest: QEMU, its processor, memory and disk. */
export interface MachineHardware {
	readonly name: string;
	/** QEMU's process id. */
	readonly pid: number;
	readonly memory: GuestMemory;
	/** Rejects when the machine breaks: QEMU ends, the kernel panics, an emergency shell. Never resolves. */
	readonly broken: Promise<never>;
	/** Breaks the machine, as far as whoever waits for it is concerned. */
	giveUp(what: string): void;
	/** The console's last lines. */
	consoleTail(): string;
	/** Halts the machine's processors. */
	halt(signal?: AbortSignal): Promise<void>;
	/** Has the processors go on. */
	proceed(signal?: AbortSignal): Promise<void>;
	/** Saves the halted machine's processor, devices and memory (./memory.ts). It stays halted, and can go on. */
	save(files: Required<StateFiles>, options: MigrationOptions): Promise<StateFiles>;
	/** Loads what was saved into a machine that was started for it. It is halted then, its clock that of old. */
	load(files: StateFiles, options: MigrationOptions): Promise<void>;
	/** Freezes the halted machine's disk, which writes to `overlayFile` from then on (./migration.ts). */
	freezeDisk(overlayFile: string, nodes: FrozenDisk, signal?: AbortSignal): Promise<void>;
}

/** A machine that QEMU runs, with its guest. It is stopped by the clean-up stack that it was started with. */
export interface RunningMachine extends MachineHardware {
	/** The guest, whoever does in it what is asked of it. */
	readonly guest: Guest;
	/** The tool's own agent. @throws Failure `usage` for a machine that has none, as one that was booted from its ISO */
	readonly agent: Agent;
	/**
	 * Has the guest shut down in order; QEMU ends with that, which breaks nothing.
	 * @throws Failure `machine-deadline` with the console's end
	 */
	shutDown(options: { readonly deadlineMs: number; readonly signal?: AbortSignal | undefined }): Promise<void>;
}

/** The code of the failure of a machine that was waited for too long. */
export const machineLate = 'machine-deadline';

/** The code of the failure of a machine that cannot go on. */
export const machineDied = 'machine-died';

/** The code of the failure that a machine breaks with when its guest reboots. */
export const guestRebooted = 'guest-rebooted';

/** The code of the same where the guest's kernel has not announced it. */
export const guestReset = 'guest-reset';

/** The code of the failure that a machine breaks with when its guest powers it off, or halts it. */
export const guestPoweredOff = 'guest-powered-off';

/**
 * Whether a failure means that somebody within the guest has ended it: that is the lab's doing, and no fault of the
 * machine.
 */
export const isGuestsDoing = (code: string): boolean => code === guestRebooted || code === guestPoweredOff;

/** Whether a failure means that a guest began anew, by whichever way. */
export const isNewBeginning = (code: string): boolean => code === guestRebooted || code === guestReset;
