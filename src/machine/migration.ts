/**
 * The state of a machine's processor and devices, saved to a file and loaded from one. Its memory is no part of that, and is
 * in a file of its own (./memory.ts). QEMU saves that way for Xen, which looks after the memory of its guests itself, and
 * loads it as it does any migration (docs/devel/migration).
 *
 * QEMU's maintainers name `migrate` with the capability `x-ignore-shared` for this, which leaves out memory that is mapped
 * shared from a file. A restored machine maps its memory privately, so that many can start from one file, and then the
 * capability leaves nothing out: measured with QEMU 10.0, a machine of 1 GiB that had used 130 MiB of it, its state has
 * 137 MB and takes 3.1 s to save, against 33 kB and 2 ms with Xen's command. Of a machine with shared memory it is 293 kB
 * and 7 ms against 33 kB and 1 ms.
 */
import { brokenFailure, hostFailure } from '../base/errors.js';
import { formatMs } from '../base/format.js';
import { poll } from '../base/waiting.js';
import type { Qmp } from './qmp.js';
import { overlay } from './spec.js';

export interface MigrationOptions {
	readonly deadlineMs: number;
	readonly signal?: AbortSignal | undefined;
}

/** The code of the failure of a load that took too long, which says nothing of what was to be loaded. */
export const stateLate = 'state-late';

/** Halts the machine's processors. */
export async function halt(qmp: Qmp, signal?: AbortSignal): Promise<void> {
	await qmp.execute('stop', {}, signal);
}

/** Has the processors go on. */
export async function proceed(qmp: Qmp, signal?: AbortSignal): Promise<void> {
	await qmp.execute('cont', {}, signal);
}

/** Names of the block node that is frozen and of the one that takes its place. */
export interface FrozenDisk {
	readonly frozen: string;
	readonly next: string;
}

/** Freezes a halted machine's disk: from now on it writes to `overlayFile`, an empty qcow2 file of the same size. */
export async function freezeDisk(
	qmp: Qmp,
	overlayFile: string,
	nodes: FrozenDisk,
	signal?: AbortSignal,
): Promise<void> {
	await qmp.execute('blockdev-add', overlay(nodes.next, overlayFile, null), signal);
	await qmp.execute('blockdev-snapshot', { node: nodes.frozen, overlay: nodes.next }, signal);
}

/** The command that saves a state, of which QEMU's manual says that it is Xen's. */
const saveCommand = 'xen-save-devices-state';

/** @throws Failure `no-saving` for a QEMU that cannot save a state as `saveState` has it saved */
export async function requireSaving(qmp: Qmp, signal?: AbortSignal): Promise<void> {
	const schema = (await qmp.execute('query-qmp-schema', {}, signal)) as readonly { readonly name?: string }[];
	if (Array.isArray(schema) && schema.some(({ name }) => name === saveCommand)) return;
	throw hostFailure('no-saving', `this QEMU has no ${saveCommand}`, { hint: 'a QEMU of Debian or Ubuntu, 8.2 or newer, has it' });
}

/** Writes the state of a halted machine to a file. The machine stays halted, and can go on. */
export async function saveState(qmp: Qmp, file: string, { deadlineMs, signal }: MigrationOptions): Promise<void> {
	await qmp.execute(saveCommand, { filename: file, live: false }, signal, deadlineMs);
}

/** Loads what `saveState` wrote into a machine that was started for it, with its memory. It is halted then, its clock that of old. */
export async function loadState(qmp: Qmp, filename: string, { deadlineMs, signal }: MigrationOptions): Promise<void> {
	const channels = [{ 'channel-type': 'main', addr: { transport: 'file', filename, offset: 0 } }];
	await qmp.execute('migrate-incoming', { channels }, signal);
	const ask = () => qmp.execute('query-migrate', {}, signal) as Promise<{ status?: string; 'error-desc'?: string }>;
	const isOver = ({ status = '' }) => ['completed', 'failed', 'cancelled'].includes(status);
	const { last, accepted } = await poll(ask, isOver, { intervalMs: 10, deadlineMs, signal });
	if (last.status === 'completed') return;
	if (!accepted) throw brokenFailure(stateLate, `the machine's state was not loaded in ${formatMs(deadlineMs)}`);
	throw brokenFailure('migration', `the machine's state was not loaded: ${last['error-desc'] ?? last.status ?? 'no answer'}`);
}
