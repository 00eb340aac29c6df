/** Arguments and flags that several commands share, and checks of their values. */
import type { InferredOptionTypes, Options } from 'yargs';
import { usageFailure } from '../base/errors.js';
import { acceleratorNames } from '../machine/accelerators.js';
import { isRunId } from '../runs/run-id.js';

/** Flags by name. Each can be set in the environment too. */
export type Flags = Readonly<Record<string, Options>>;

/** The lab. The module that reads the plan checks the value. */
export const labArgument = {
	lab: {
		type: 'string',
		default: 'immich-photo-vault',
		describe: 'name of a bundled lab, or path of a plan (JSON or YAML)',
	},
} as const;

/** For commands whose results programs may read. */
export const jsonFlag = { json: { type: 'boolean', default: false, describe: 'print one JSON object' } } as const;

/** Chooses one of the running labs. */
export const whichLabFlag = {
	lab: { type: 'string', describe: 'which lab, where several are up' },
} as const;

/** For commands that start machines. */
export const acceleratorFlag = {
	accel: {
		choices: ['auto', ...acceleratorNames],
		default: 'auto',
		describe: 'auto proves KVM and falls back to emulation; kvm forbids the fallback',
	},
} as const;

/** For commands that make checkpoints. */
export const checkpointLimitFlag = {
	'checkpoint-limit': {
		type: 'number',
		default: 20,
		describe: 'how much disk space checkpoints may take, in GB; the least recently used go first',
	},
} as const;

/** For commands that build images. */
export const mirrorFlag = {
	mirror: {
		type: 'string',
		describe: "base URI of a Debian archive (default: that of the host's apt)",
	},
} as const;

/** For commands that only build. */
export const buildTimeFlag = {
	timeout: { type: 'number', default: 3600, describe: 'limit for everything that is built, in seconds' },
} as const;

/** For commands that run startup scripts over and over. */
export const changedFlag = {
	changed: {
		type: 'boolean',
		default: false,
		describe: 'run only the startup scripts of nodes that changed since all had passed, and of nodes that use them; restore the others',
	},
} as const;

/** For commands that run startup scripts. */
export const traceFlag = {
	trace: {
		type: 'boolean',
		default: true,
		describe: 'trace startup scripts; with --no-trace no report names the line that failed, was slow or failed unnoticed',
	},
} as const;

/** For commands that run startup scripts. */
export const scriptTimeoutFlag = {
	'script-timeout': {
		type: 'number',
		describe: 'how long a startup script may take where the plan gives it no time of its own, in seconds (60)',
	},
} as const;

/** For programs that start runs, and have to know where each of them is kept. */
export const runIdFlag = {
	'run-id': { type: 'string', hidden: true, describe: 'the name of the run directory' },
} as const;

/** A name for a run directory that may be missing. @throws Failure (usage) for one that is not as `rehearse` makes them */
export function runIdOf(id: string | undefined): string | undefined {
	if (id === undefined || isRunId(id)) return id;
	throw usageFailure(`--run-id ${id}: expected a name such as 20260101T120000-my-lab-0a1b`);
}

/** For commands that keep or show what happened. */
export const secretsFlag = {
	'show-secrets': {
		type: 'boolean',
		default: false,
		describe: 'leave the passwords that the plan declares in what is shown and kept; they are masked otherwise',
	},
} as const;

/** For commands that give a verdict. */
export const reportFlags = {
	strict: { type: 'boolean', default: false, describe: 'fail when there is an assertion that no rehearsal can judge' },
	junit: { type: 'string', describe: 'write a JUnit report to this file' },
	'code-quality': { type: 'string', describe: 'write a code-quality report of GitLab to this file' },
	html: { type: 'string', describe: 'write the page of the run to this file as well' },
} as const;

/** The files among their values. @throws Failure `usage` for one without a name */
export const reportFiles = (flags: Pick<InferredOptionTypes<typeof reportFlags>, 'junit' | 'code-quality' | 'html'>) => ({
	junit: filled('junit', flags.junit),
	codeQuality: filled('code-quality', flags['code-quality']),
	html: filled('html', flags.html),
});

/** For commands that start a lab's machines (../commands/start-options). */
export const startFlags = {
	...acceleratorFlag,
	...checkpointLimitFlag,
	...scriptTimeoutFlag,
	...secretsFlag,
	...mirrorFlag,
} as const;

/** Their values, and that of the command's own --timeout, checked. @throws Failure (usage) */
export const startOptions = (flags: InferredOptionTypes<typeof startFlags> & { readonly timeout: number }) => ({
	accelerator: flags.accel,
	limitBytes: bytesOf('checkpoint-limit', flags['checkpoint-limit']),
	scriptTimeoutSeconds: scriptTimeoutOf(flags['script-timeout']),
	showSecrets: flags['show-secrets'],
	mirror: filled('mirror', flags.mirror),
	timeLimitMs: millisecondsOf('timeout', flags.timeout),
});

const daySeconds = 86_400;

/** A number of seconds that may be missing. @throws Failure (usage) for what is no time, or more than a day */
export function scriptTimeoutOf(seconds: number | undefined): number | undefined {
	if (seconds === undefined || (seconds > 0 && seconds <= daySeconds)) return seconds;
	throw usageFailure(`--script-timeout: expected seconds above 0, ${daySeconds} at most`);
}

/** Checks that a flag's text is not empty, as an unset shell variable makes it. @throws Failure `usage` for an empty one */
export function filled(name: string, value: string | undefined): string | undefined {
	if (value === undefined || value.trim() !== '') return value;
	throw usageFailure(`--${name} is empty`);
}

/** The longest time limit, in seconds. setTimeout() counts milliseconds in 31 bits, and fires at once for a longer time. */
const maximumSeconds = Math.floor((2 ** 31 - 1) / 1000);

/** Converts a time limit from seconds to milliseconds. @throws Failure `usage` for an invalid one */
export function millisecondsOf(name: string, seconds: number): number {
	if (seconds > 0 && seconds <= maximumSeconds) return seconds * 1000;
	throw usageFailure(`--${name}: expected seconds above 0, ${maximumSeconds} at most`);
}

/** A number of seconds that may be none, a day at most. @throws Failure `usage` for an invalid one */
export function secondsOf(name: string, seconds: number): number {
	if (seconds >= 0 && seconds <= daySeconds) return seconds;
	throw usageFailure(`--${name}: expected seconds, ${daySeconds} at most`);
}

/** A number of things, one or more. @throws Failure `usage` for an invalid one */
export function countOf(name: string, count: number): number {
	if (Number.isSafeInteger(count) && count > 0) return count;
	throw usageFailure(`--${name}: expected a whole number above 0`);
}

/** Converts a size from gigabytes to bytes. @throws Failure `usage` for an invalid one */
export function bytesOf(name: string, gigabytes: number): number {
	if (gigabytes >= 0 && Number.isFinite(gigabytes)) return gigabytes * 1e9;
	throw usageFailure(`--${name}: expected gigabytes, 0 or more`);
}

/** A node of the chosen lab. */
export const nodeArgument = { node: { type: 'string', demandOption: true, describe: 'a node of the lab' } } as const;

/** The user to log in as. */
export const userFlag = {
	user: { type: 'string', describe: 'the user to log in as (default: the declared user)' },
} as const;

/** A running lab, by its name. */
export const runningLabArgument = { lab: { type: 'string', describe: 'name of the lab (default: the only one that is up)' } } as const;
