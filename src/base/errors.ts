/**
 * The two families of failure. Type and exit status keep them apart.
 *
 * A lab that fails its rehearsal is a *result*, never an exception: events carry it, and it becomes a verdict. An exception
 * always means that the rehearsal itself could not be done.
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
	/** What the reader should do, or a command to paste. */
	readonly hint?: string | undefined;
	readonly cause?: unknown;
	/** The node in which it happened, where it happened in one. */
	readonly node?: string | undefined;
	/** More lines to show, such as the end of a console. */
	readonly detail?: string | undefined;
}

/** The rehearsal could not be done. Programs may rely on `code`: it does not change between versions. */
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
 * Turns any thrown value into a `Failure`. An unexpected error counts as a fault of the tool. Of several errors the first
 * becomes the failure, and its detail lists the others.
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

/** What Node.js names by a code and a system call, in words for who typed the path. */
const fileReasons: Readonly<Record<string, string>> = {
	ENOENT: 'no such file or directory',
	EISDIR: 'it is a directory',
	EEXIST: 'something else has its name',
	ENOTDIR: 'a part of its path is no directory',
	EACCES: 'permission denied',
	EPERM: 'not permitted',
	ELOOP: 'it is a symbolic link',
	ENAMETOOLONG: 'its name is too long',
	ENOSPC: 'no space is left on its disk',
	EROFS: 'its file system is read-only',
};

/** Why a file or directory could not be read or written, without the code and the system call of Node's own message. */
export function reasonOf(error: unknown): string {
	const known = fileReasons[String((error as NodeJS.ErrnoException | undefined)?.code)];
	return known ?? (error instanceof Error ? error.message : String(error));
}

/** A failure as JSON: for events, results, and messages between processes. */
export interface ReportedError {
	readonly code: string;
	readonly message: string;
	readonly exitCode: number;
	readonly hint?: string | undefined;
	readonly node?: string | undefined;
	readonly detail?: string | undefined;
}

/** Turns a failure into its JSON form. */
export const toReported = (failure: Failure): ReportedError => ({
	code: failure.code,
	message: failure.message,
	exitCode: failure.exitCode,
	...(failure.hint === undefined ? {} : { hint: failure.hint }),
	...(failure.node === undefined ? {} : { node: failure.node }),
	...(failure.detail === undefined ? {} : { detail: failure.detail }),
});

/** Turns the JSON form back into a failure. */
export const fromReported = ({ code, message, exitCode, hint, node, detail }: ReportedError): Failure =>
	new Failure(code, exitCode as ExitCode, message, { hint, node, detail });
