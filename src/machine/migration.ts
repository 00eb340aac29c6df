/**
 * The state of a machine's processor and devices, saved to a file and loaded from one. QEMU calls both a migration
 * (docs/devel/migration). Its memory is no part of that: with the capability `x-ignore-shared` QEMU leaves out what is in
 * a file already that is mapped shared, and takes it for granted when it loads (./memory.ts).
 */
import { brokenFailure } from '../base/errors.js';
import { poll } from '../base/waiting.js';
import type { Qmp } from './qmp.js';
import { overlay } from './spec.js';

export interface MigrationOptions {
	readonly deadlineMs: number;
	readonly signal?: AbortSignal | undefined;
}

/** Bytes a second; QEMU's default of 128 MiB is meant for a network. */
const unlimited = 2 ** 40;

const toFile = (filename: string): object => ({
	channels: [{ 'channel-type': 'main', addr: { transport: 'file', filename, offset: 0 } }],
});

/** Halts the machine's processors. */
export const halt = (qmp: Qmp, signal?: AbortSignal): Promise<unknown> => qmp.execute('stop', {}, signal);

/** How long QEMU may refuse to let a machine go on, in milliseconds. */
const proceedMs = 5000;

/**
 * Has the processors go on. QEMU calls a save completed a moment before it allows that (run state `finish-migrate`).
 * @throws Failure `qmp-error` with QEMU's words when it still refuses after 5 s
 */
export async function proceed(qmp: Qmp, signal?: AbortSignal): Promise<void> {
	const go = () => qmp.execute('cont', {}, signal).then(
		() => undefined,
		(error: unknown) => error as Error,
	);
	const { last } = await poll(go, (error) => error === undefined, { intervalMs: 10, deadlineMs: proceedMs, signal });
	if (last !== undefined) throw last;
}

/**
 * Freezes a halted machine's disk: from now on it writes to `overlayFile`, an empty qcow2 file of the same size.
 * @param nodes names of the block node that is frozen and of the one that takes its place
 */
export async function freezeDisk(
	qmp: Qmp,
	overlayFile: string,
	nodes: { readonly frozen: string; readonly next: string },
	signal?: AbortSignal,
): Promise<void> {
	await qmp.execute('blockdev-add', overlay(nodes.next, overlayFile, null), signal);
	await qmp.execute('blockdev-snapshot', { node: nodes.frozen, overlay: nodes.next }, signal);
}

/** Writes the state of a halted machine to a file. The machine stays halted, and can go on. */
export async function saveState(qmp: Qmp, file: string, options: MigrationOptions): Promise<void> {
	await prepare(qmp, options.signal);
	await qmp.execute('migrate', toFile(file), options.signal);
	await migrationEnd(qmp, 'saved', options);
}

/** Loads what `saveState` wrote into a machine that was started for it, with its memory. It is halted then, its clock that of old. */
export async function loadState(qmp: Qmp, file: string, options: MigrationOptions): Promise<void> {
	await prepare(qmp, options.signal);
	await qmp.execute('migrate-incoming', toFile(file), options.signal);
	await migrationEnd(qmp, 'loaded', options);
}

async function prepare(qmp: Qmp, signal: AbortSignal | undefined): Promise<void> {
	await qmp.execute('migrate-set-parameters', { 'max-bandwidth': unlimited }, signal);
	const ignoreShared = { capabilities: [{ capability: 'x-ignore-shared', state: true }] };
	await qmp.execute('migrate-set-capabilities', ignoreShared, signal);
}

async function migrationEnd(qmp: Qmp, done: string, { deadlineMs, signal }: MigrationOptions): Promise<void> {
	const ask = () => qmp.execute('query-migrate', {}, signal) as Promise<{ status?: string; 'error-desc'?: string }>;
	const isOver = ({ status = '' }) => ['completed', 'failed', 'cancelled'].includes(status);
	const { last } = await poll(ask, isOver, { intervalMs: 10, deadlineMs, signal });
	if (last.status === 'completed') return;
	// A save that went on behind a machine that goes on would halt it at its end.
	if (!isOver(last)) {
		await qmp.execute('migrate_cancel', {}, signal).catch(() => signal?.throwIfAborted());
		await poll(ask, isOver, { intervalMs: 10, deadlineMs, signal });
	}
	throw brokenFailure('migration', `the machine's state was not ${done}: ${last['error-desc'] ?? last.status ?? 'no answer'}`);
}
