/**
 * What the tool asks of a guest, whatever program answers there. A second way to boot and control a machine is another
 * `Guest`.
 */
import type { AgentMessage } from './agent-message.js';
import type { GuestCommands } from './command-channel.js';
import type { ControlChannel } from './control-channel.js';
import type { DebugChannel } from './debugging/channel.js';

/** How long something may take, and who may stop it before. */
export interface Wait {
	readonly deadlineMs: number;
	readonly signal?: AbortSignal | undefined;
}

/** The guest of a machine that runs. Every call rejects when the machine breaks, or with `machine-deadline`. */
export interface Guest {
	/** Whether its startup scripts have the plan's own limits, whatever the speed of this host. */
	readonly hasPlansLimits?: true;
	/** Runs commands in it as root. */
	readonly commands: GuestCommands;
	/** The SSH host key that it made for itself, as OpenSSH writes it; absent where it was given one. */
	readonly hostKey?: string | undefined;
	/** Resolves when its boot is over as far as its startup scripts. @throws Failure where that did not end well */
	untilUp(wait: Wait): Promise<void>;
	/**
	 * The same after a restart, whatever has failed in it. Resolves to the ends of the scripts that ran again, if any.
	 * @param scriptsMs how long these may take then, beyond the time for the boot
	 */
	untilBack(wait: Wait, scriptsMs: number): Promise<readonly ScriptMessage[]>;
	/**
	 * Has its startup scripts run, where they do not by themselves, and waits for their ends, which the guest sends as
	 * messages.
	 */
	runScripts(wait: Wait): Promise<{ readonly failedUnits: string }>;
	/** What the machine is like, as `parseSnapshot` reads it. */
	snapshot(wait: Wait): Promise<string>;
	/** The end of the journal of its boot. */
	readJournal(lines: number, slowdown: number, signal?: AbortSignal): Promise<string>;
	/** Has it take the host's time, where it can. */
	setClock(): void;
}

/** How a startup script ended, as the guest reports it. */
export type ScriptMessage = Extract<AgentMessage, { readonly kind: 'script-finished' | 'script-repeated' }>;

/** The requests that the guest's agent takes (`cloud-init/guest/agent`). */
export type AgentRequest = 'sync' | 'wake' | 'start' | 'snapshot' | 'reboot' | `again ${string}` | `debug ${string}`;

/** The tool's agent in a guest that was made from an image of the tool. */
export interface Agent {
	readonly controlChannel: ControlChannel;
	readonly debugChannel: DebugChannel;
	/** Sends a request. */
	send(request: AgentRequest): void;
	/**
	 * Waits for a message of a kind, which may have come already.
	 * @throws Failure when the machine breaks first, or `machine-deadline` with the console's end
	 */
	waitFor<K extends AgentMessage['kind']>(kind: K, options: Wait & { readonly what: string }): Promise<Extract<AgentMessage, { kind: K }>>;
}
