/** The messages of the guest's agent (`cloud-init/guest/agent`), a line each: `kind name=value …`. */
import type { Writable } from 'node:stream';
import { formatBytes } from '../base/format.js';
import { washed } from '../base/wash.js';
import type { ScriptEnding } from '../trace/read.js';

/** How long a line of the agent may be, in bytes: a snapshot is one. */
export const maximumLineBytes = 32 * 2 ** 20;

/** What is told of a guest that writes a line without an end. */
export const endless = (maximumBytes: number): string => `a line of its agent has no end: what is longer than ${formatBytes(maximumBytes)} is left out`;

/** How much of a text in a message is kept, in characters: the end of what a script wrote, the beginning of anything else. */
const keptText = { stream: 2 ** 20, other: 64 * 2 ** 10 } as const;

export type AgentMessage =
	/** cloud-init's own account (`/run/cloud-init/status.json`), and `systemctl status` of failed units, if any. */
	| { readonly kind: 'provisioned'; readonly cloudInit: string; readonly failedUnits: string }
	/** It wants to know the host's time. */
	| { readonly kind: 'clock' }
	/** The answer of a restored machine to `wake`. */
	| ({ readonly kind: 'awake' } & Awake)
	| { readonly kind: 'script-started'; readonly script: string }
	/** `script-repeated`: after another time (`again`). */
	| ({ readonly kind: 'script-finished' | 'script-repeated'; readonly script: string; readonly ms: number } & ScriptEnding & Circumstances)
	| { readonly kind: 'started'; readonly failedUnits: string }
	/** The answer to `snapshot`, as `parseSnapshot` reads it. */
	| { readonly kind: 'snapshot'; readonly data: string };

/** What else a guest reports of the time in which a script ran. */
export interface Circumstances {
	/** The machine is going down: no other script is run. */
	readonly isStopping?: true;
	/** What its kernel logged: of processes that it killed, of disks that fail. */
	readonly kernel?: readonly string[];
	/** File systems without room, by their places. */
	readonly full?: readonly string[];
}

/** What a restored machine reports of itself. */
export interface Awake {
	/** By how much its clock is ahead of the host's, in milliseconds: right to half of `clockDelayMs`; `NaN` where it does not know. */
	readonly clockOffsetMs: number;
	/** How long it took the guest to ask the host for the time. */
	readonly clockDelayMs: number;
	readonly machineId: string;
	/** Type and key of the public half of its SSH host key: `ssh-ed25519 AAAA…`. */
	readonly hostKey: string;
	/** How often its kernel has noticed, since it was woken, that it is a copy, and reseeded its random numbers. */
	readonly reseeded: number;
	/** `systemctl status` of failed units, if any. */
	readonly failedUnits: string;
}

/** Reads a line of the agent; `undefined` for one that is none of its messages. */
export function parseAgentMessage(line: string): AgentMessage | undefined {
	const [kind, ...pairs] = line.trim().split(' ');
	const fields = new Map(pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]));
	const plain = (name: string) => fields.get(name) ?? '';
	const decoded = (name: string) => Buffer.from(plain(name), 'base64').toString('utf8');
	// What is read by programs has its own reader; all else is shown.
	const text = (name: string) => washed(decoded(name).slice(0, keptText.other));
	switch (kind) {
		case 'provisioned':
			return { kind, cloudInit: decoded('cloud_init').slice(0, keptText.stream), failedUnits: text('failed') };
		case 'clock':
			return { kind };
		case 'awake':
			return {
				kind,
				clockOffsetMs: Number.parseFloat(plain('offset')),
				clockDelayMs: Number.parseFloat(plain('delay')),
				machineId: washed(plain('machine_id').slice(0, keptText.other)),
				hostKey: `${plain('key_type')} ${plain('key')}`,
				reseeded: Number(plain('reseeded')),
				failedUnits: text('failed'),
			};
		case 'script-started':
			return { kind, script: plain('script') };
		case 'script-finished':
		case 'script-repeated':
			return {
				...{ kind, script: plain('script'), ms: count(plain('ms')) ?? 0, ...scriptEnding(fields), stream: decoded('stream').slice(-keptText.stream) },
				...(plain('stopping') === '1' ? { isStopping: true as const } : {}),
				...listed('kernel', text('kernel')),
				...listed('full', text('full')),
			};
		case 'started':
			return { kind, failedUnits: text('failed') };
		case 'snapshot':
			return { kind, data: plain('data') };
		default:
			return undefined;
	}
}

/** How much may wait to be read by a guest before it gets the time no more, in bytes. */
const maximumUnread = 64 * 2 ** 10;

/**
 * Sends a guest the host's time. A guest that asks for ever and never reads would otherwise fill this process's memory.
 */
export function sendTime(agent: Writable): void {
	if (agent.writableLength < maximumUnread) agent.write(`clock ${Date.now()}\n`);
}

/** How many lines of a kind are kept of what a guest reports of a script. */
const keptLines = 20;

function listed(key: 'kernel' | 'full', text: string): Circumstances {
	const lines = text.split('\n').map((line) => line.trim()).filter((line) => line !== '').slice(-keptLines);
	return lines.length === 0 ? {} : { [key]: lines };
}

/** A number that a guest has written in digits. */
const count = (digits: string | undefined): number | undefined => (digits && /^\d{1,12}$/.test(digits) ? Number(digits) : undefined);

/** `result` is systemd's: `success`, `timeout`, `exit-code`, `signal` … (systemd.exec(5), $SERVICE_RESULT). */
function scriptEnding(fields: ReadonlyMap<string, string>): Omit<ScriptEnding, 'stream'> {
	const result = fields.get('result');
	const exitCode = count(fields.get('status'));
	const exitedMicroseconds = Number(fields.get('exited') ?? '');
	const end = exitedMicroseconds > 0 ? { endedAt: exitedMicroseconds / 1000 } : {};
	if (result === 'success') return { status: 'passed', exitCode: 0, ...end };
	if (result === 'timeout') return { status: 'timed-out', ...end };
	return { status: 'failed', ...(result === 'exit-code' && exitCode !== undefined ? { exitCode } : {}), ...end };
}
