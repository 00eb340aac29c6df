/**
 * The two families of failure, kept apart by type and by exit status.
 *
 * A lab that fails its rehearsal is a *result*, never an exception: it travels as events and becomes a verdict.
 * What is thrown is always that the rehearsal itself could not be done.
 */

/** Exit statuses of every command. */
export const ExitCode = {
	passed: 0,
	/** The lab failed: a startup script or an assertion. */
	labFailed: 1,
	/** Bad usage or a bad plan. */
	usage: 2,
	/** This host lacks something. */
	host: 3,
	/** A machine, QEMU or the tool broke. */
	broken: 4,
	timeLimit: 124,
	interrupted: 130,
} as const;

export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

export interface FailureOptions {
	/** What the reader should do or paste next. */
	readonly hint?: string | undefined;
	readonly cause?: unknown;
	/** The node that the failure belongs to, where it belongs to one. */
	readonly node?: string | undefined;
	/** More lines to show, such as the end of a console. */
	readonly detail?: string | undefined;
}

/** A rehearsal that could not be done. `code` is stable and fit for programs. */
export class Failure extends Error {
	readonly code: string;
	readonly exitCode: ExitCode;
	readonly hint: string | undefined;
	readonly node: string | undefined;
	readonly detail: string | undefined;

	constructor(code: string, exitCode: ExitCode, message: string, options: FailureOptions = {}) {
		super(message, options.cause === undefined ? undefined : { cause: options.cause });
		this.name = 'Failure';
		this.code = code;
		this.exitCode = exitCode;
		this.hint = options.hint;
		this.node = options.node;
		this.detail = options.detail;
	}
}

/** Bad usage: a flag, an argument, a file that is not there. */
export const usageFailure = (message: string, options?: FailureOptions): Failure =>
	new Failure('usage', ExitCode.usage, message, options);

/** The host lacks something that the tool needs. */
export const hostFailure = (code: string, message: string, options?: FailureOptions): Failure =>
	new Failure(code, ExitCode.host, message, options);

/** A machine, QEMU or the tool itself broke. */
export const brokenFailure = (code: string, message: string, options?: FailureOptions): Failure =>
	new Failure(code, ExitCode.broken, message, options);

/** The time limit of the whole run was reached. */
export const timeLimitFailure = (message: string, options?: FailureOptions): Failure =>
	new Failure('time-limit', ExitCode.timeLimit, message, options);

/** The person (or the service manager) asked to stop. */
export const interruptedFailure = (signal: string): Failure =>
	new Failure('interrupted', ExitCode.interrupted, `interrupted by ${signal}`);

/**
 * Any thrown value as a `Failure`; what was never foreseen is a fault of the tool. Of several errors the first is the
 * failure, and the others are told in its detail.
 */
export function toFailure(error: unknown): Failure {
	if (error instanceof Failure) return error;
	if (error instanceof AggregateError && error.errors.length > 0) return joinErrors(error.errors[0], error.errors.slice(1));
	const message = error instanceof Error ? error.message : String(error);
	return brokenFailure('internal', message, {
		cause: error,
		detail: error instanceof Error ? error.stack : undefined,
		hint: 'this is a fault of rehearse: please report it with the run directory',
	});
}

function joinErrors(first: unknown, others: readonly unknown[]): Failure {
	const failure = toFailure(first);
	if (others.length === 0) return failure;
	const { code, exitCode, message, hint, node, cause } = failure;
	const detail = [failure.detail ?? '', ...others.map((other) => `then: ${toFailure(other).message}`)];
	return new Failure(code, exitCode, message, { hint, node, cause, detail: detail.filter((text) => text !== '').join('\n') });
}

/** An error as it travels: in events, in results, between processes. */
export interface ReportedError {
	readonly code: string;
	readonly message: string;
	readonly exitCode: number;
	readonly hint?: string | undefined;
	readonly node?: string | undefined;
	readonly detail?: string | undefined;
}

/** A failure as it travels. */
export const toReported = (failure: Failure): ReportedError => ({
	code: failure.code,
	message: failure.message,
	exitCode: failure.exitCode,
	...(failure.hint === undefined ? {} : { hint: failure.hint }),
	...(failure.node === undefined ? {} : { node: failure.node }),
	...(failure.detail === undefined ? {} : { detail: failure.detail }),
});

/** The failure that was reported. */
export const fromReported = ({ code, message, exitCode, hint, node, detail }: ReportedError): Failure =>
	new Failure(code, exitCode as ExitCode, message, { hint, node, detail });
