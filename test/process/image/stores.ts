/** Stores of images with builds that are fakes, for the tests of this folder. */
import { readFileSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { ExecutionContext } from 'ava';
import { allUpdates } from '../../../src/image/archives.js';
import { poll } from '../../../src/base/waiting.js';
import type { GuestDefinition, ImageRequest } from '../../../src/image/guest.js';
import type { ImageStoreOptions } from '../../../src/image/store.js';
import type { RunEventBody } from '../../../src/lab/events.js';

/** What images are made of. */
export const guest: GuestDefinition = { suite: 'trixie', components: ['main'], base: [], tool: [], features: {}, absent: {}, common: [] };
/** One that the tests want. */
export const request: ImageRequest = { suite: 'trixie', packages: ['cloud-init', 'jq'], nodes: ['one'] };

/** A store of its own, and the notes of the programs that built for it, a line each. */
export interface Store {
	readonly directory: string;
	readonly events: RunEventBody[];
	readonly options: ImageStoreOptions;
	/** TMPDIR of its builds. */
	readonly temporary: string;
	notes(): string[];
}

/**
 * @param bootstrap what the fake mmdebstrap does for an image beside noting its begin: a shell program
 * @param unpack what is done before the file system is written
 * @param layer what the fake mmdebstrap does for a layer, beside making one
 */
export async function makeStore(t: ExecutionContext, bootstrap: string, unpack = ':', layer = 'exit 0'): Promise<Store> {
	// Open to all, as os.tmpdir() need not be.
	const base = await mkdtemp('/tmp/rehearse-test-');
	t.teardown(() => rm(base, { recursive: true, force: true }));
	await chmod(base, 0o755);
	const notes = path.join(base, 'notes');
	await writeFile(notes, '');
	const program = (text: string) => text.replaceAll('NOTES', notes);
	// Only a layer keeps the package lists.
	await writeProgram(
		base,
		'mmdebstrap',
		`case "$*" in *cleanup/apt/lists*)
	(${program(layer)}) || exit
	echo status >"$TMPDIR/essential-status"
	for word; do case $word in */layer.tar) echo layer >"$word" ;; esac; done
	exit ;;
esac
echo begin >>${notes}\n${program(bootstrap)}`,
	);
	// Within the user namespace a program of the shell's unpacks the archive; its second argument is where to, its last a size.
	const steps = [
		'while [ "$1" != -- ]; do shift; done; shift',
		'[ "$1" = chgrp ] && exit',
		'[ $# = 8 ] || exec "$@"',
		program(unpack),
		'for file in root.img vmlinuz initrd; do echo built >"$6/$file"; done',
	];
	await writeProgram(base, 'unshare', steps.join('\n'));
	process.env['PATH'] = `${path.join(base, 'bin')}:${process.env['PATH']}`;
	const temporary = path.join(base, 'scratch');
	process.env['TMPDIR'] = temporary;
	await mkdir(temporary);
	const events: RunEventBody[] = [];
	const directory = path.join(base, 'cache', 'images');
	return {
		directory,
		events,
		temporary,
		options: { directory, guest, findSources: async () => ({ updates: allUpdates }), emit: (event) => events.push(event) },
		notes: () => readFileSync(notes, 'utf8').split('\n').filter(Boolean),
	};
}

async function writeProgram(base: string, name: string, program: string): Promise<void> {
	const file = path.join(base, 'bin', name);
	await mkdir(path.dirname(file), { recursive: true });
	await writeFile(file, `#!/bin/sh\n${program}\n`);
	await chmod(file, 0o755);
}

/** Waits until a build has noted something; resolves to all notes. */
export async function noted(store: Store, note: string): Promise<string> {
	const { accepted, last } = await poll(async () => store.notes(), (notes) => notes.some((line) => line.startsWith(note)), { intervalMs: 20, deadlineMs: 20_000 });
	if (!accepted) throw new Error(`never noted: ${note}`);
	return last.join('\n');
}
