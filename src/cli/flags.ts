/** Arguments and flags that several commands take, and what all of them ask of values. */
import type { Options } from 'yargs';
import { usageFailure } from '../base/errors.js';

/** Flags by name; each can be given in the environment too. */
export type Flags = Readonly<Record<string, Options>>;

/** Which lab; its value is checked by whoever reads the plan. */
export const labArgument = {
	lab: {
		type: 'string',
		default: 'immich-photo-vault',
		describe: 'name of a bundled lab, or path of a plan (JSON or YAML)',
	},
} as const;

/** For commands whose results a program may read. */
export const jsonFlag = { json: { type: 'boolean', default: false, describe: 'print one JSON object' } } as const;

/** Which of the labs that are up. */
export const whichLabFlag = {
	lab: { type: 'string', requiresArg: true, describe: 'which lab, where several are up' },
} as const;

/** For commands that start machines. */
export const acceleratorFlag = {
	accel: {
		choices: ['auto', 'kvm', 'tcg'],
		default: 'auto',
		describe: 'auto proves KVM and falls back to emulation; kvm forbids the fallback',
	},
} as const;

/** For commands that make checkpoints. */
export const checkpointLimitFlag = {
	'checkpoint-limit': {
		type: 'number',
		default: 20,
		requiresArg: true,
		describe: 'how much disk space checkpoints may take, in GB; the least recently used go first',
	},
} as const;

/** For commands that build images. */
export const mirrorFlag = {
	mirror: {
		type: 'string',
		requiresArg: true,
		describe: "base URI of a Debian archive (default: that of the host's apt)",
	},
} as const;

/** For commands that run startup scripts. */
export const traceFlag = {
	trace: {
		type: 'boolean',
		default: true,
		describe: 'trace startup scripts; with --no-trace nothing tells which line failed, was slow or failed unnoticed',
	},
} as const;

/** For commands that run startup scripts. */
export const scriptTimeoutFlag = {
	'script-timeout': {
		type: 'number',
		requiresArg: true,
		describe: 'how long a startup script may take where the plan gives it no time of its own, in seconds (60)',
	},
} as const;

/** A number of seconds that may be missing. @throws Failure (usage) for what is no time, or more than a day */
export function scriptTimeoutOf(seconds: number | undefined): number | undefined {
	if (seconds === undefined || (seconds > 0 && seconds <= 86_400)) return seconds;
	throw usageFailure('--script-timeout: expected seconds above 0, 86400 at most');
}

/** For commands that keep or show what happened. */
export const secretsFlag = {
	'show-secrets': {
		type: 'boolean',
		default: false,
		describe: 'leave the passwords that the plan declares in what is shown and kept; they are masked otherwise',
	},
} as const;

/** A text that must not be empty where it is given, as an unset shell variable makes it. */
export function filled(name: string, value: string | undefined): string | undefined {
	if (value === undefined || value.trim() !== '') return value;
	throw usageFailure(`--${name} is empty`);
}

/** setTimeout(), which keeps time limits, counts milliseconds in 31 bits; beyond them it fires at once. */
const maximumSeconds = Math.floor((2 ** 31 - 1) / 1000);

/** A time limit in milliseconds, of one in seconds. @throws Failure (usage) for what is no time. */
export function millisecondsOf(name: string, seconds: number): number {
	if (seconds > 0 && seconds <= maximumSeconds) return seconds * 1000;
	throw usageFailure(`--${name}: expected seconds above 0, ${maximumSeconds} at most`);
}

/** A size in bytes, of one in gigabytes. @throws Failure (usage) for what is no size. */
export function bytesOf(name: string, gigabytes: number): number {
	if (gigabytes >= 0 && Number.isFinite(gigabytes)) return gigabytes * 1e9;
	throw usageFailure(`--${name}: expected gigabytes, 0 or more`);
}

/** A node of the lab that is meant. */
export const nodeArgument = { node: { type: 'string', demandOption: true, describe: 'a node of the lab' } } as const;

/** Whom to be in a node. */
export const userFlag = { user: { type: 'string', requiresArg: true, describe: 'whom to be in the node (default: the declared user)' } } as const;

/** A lab that is up, by its name. */
export const runningLabArgument = { lab: { type: 'string', describe: 'name of the lab (default: the only one that is up)' } } as const;
