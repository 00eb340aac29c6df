/** Bundles that take long to unpack, and what ends that. */
import { appendFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import test, { type ExecutionContext } from 'ava';
import type { BundleManifest } from '../../../src/bundle/manifest.js';
import { describeFile, writeBundle } from '../../../src/bundle/pack.js';
import { unpackBundle } from '../../../src/bundle/unpack.js';

/** A bundle with a console of so many bytes, and an empty directory. */
async function makeBundle(t: ExecutionContext, bytes: number): Promise<{ file: string; directory: string }> {
	const scratch = await mkdtemp(path.join(os.tmpdir(), 'unpack-'));
	t.teardown(() => rm(scratch, { recursive: true, force: true }));
	const [file, directory] = [path.join(scratch, 'run.tar.gz'), path.join(scratch, 'run')];
	await mkdir(directory);
	const files = [{ path: 'consoles/web.log', contents: Buffer.alloc(bytes) }];
	const manifest: BundleManifest = {
		...{ schema: 1, kind: 'rehearse bundle', tool: '0.1.0', run: 'run', lab: 'web', verdict: 'failed', made_at: new Date(0).toISOString() },
		...{ redacted: false, secrets: [], files: files.map(describeFile) },
	};
	await writeBundle(file, manifest, files);
	return { file, directory };
}

test('an intact one', async (t) => {
	const { file, directory } = await makeBundle(t, 100);
	t.is((await unpackBundle(file, directory)).run, 'run');
});

test('gigabytes of nothing behind the end are not read', async (t) => {
	const { file, directory } = await makeBundle(t, 100);
	const nothing = gzipSync(Buffer.alloc(2 ** 26));
	for (let count = 0; count < 64; count++) await appendFile(file, nothing);
	const began = process.cpuUsage();
	await t.throwsAsync(unpackBundle(file, directory), { code: 'usage', message: /it goes on behind its end/ });
	const ms = process.cpuUsage(began).user / 1000;
	t.true(ms < 2000, `${ms} ms`);
});

test('whoever waits for it may end it, at any time', async (t) => {
	const { file, directory } = await makeBundle(t, 2 ** 27);
	const why = new Error('enough');
	await t.throwsAsync(unpackBundle(file, directory, { signal: AbortSignal.abort(why) }), { is: why });
	const later = new AbortController();
	setTimeout(() => later.abort(why), 50);
	await rm(directory, { recursive: true });
	await mkdir(directory);
	await t.throwsAsync(unpackBundle(file, directory, { signal: later.signal }), { is: why });
});
