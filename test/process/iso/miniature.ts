/** A base layer in miniature, by the real programs. Nothing boots. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { ExecutionContext } from 'ava';
import type { BaseLayer } from '../../../src/iso/bases.js';
import { layerArchive } from '../../../src/iso/layer-tar.js';
import { squash } from '../../../src/iso/squash.js';
import { facts } from '../../unit/iso/facts.js';

/** A directory that goes with the test. */
export async function makeDirectory(t: ExecutionContext): Promise<string> {
	const directory = await mkdtemp('/tmp/rehearse-test-');
	t.teardown(() => rm(directory, { recursive: true, force: true }));
	return directory;
}

/** A base layer with next to nothing in it. */
export async function makeBase(directory: string): Promise<BaseLayer> {
	const place = (name: string) => path.join(directory, name);
	const entry = { path: '/etc/issue', mode: 0o644, uid: 0, gid: 0, content: { data: 'of the base\n' } };
	await squash(layerArchive([entry], facts.epoch), place('10-base.squashfs'), facts.epoch);
	await writeFile(place('vmlinuz'), 'a kernel');
	await writeFile(place('initrd.img'), 'its initrd');
	return { squashfs: place('10-base.squashfs'), kernel: place('vmlinuz'), initrd: place('initrd.img'), manifest: 'jq\t1.7\n', facts };
}
