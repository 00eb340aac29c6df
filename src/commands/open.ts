/** `rehearse open`: a run of another machine, unpacked among those of this one, and its report. */
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { ExitCode, Failure } from '../base/errors.js';
import { withCleanup } from '../base/cleanup.js';
import type { BundleManifest } from '../bundle/manifest.js';
import { badArchive } from '../bundle/tar.js';
import { unpackBundle } from '../bundle/unpack.js';
import { openedObject, renderOpened } from '../report/bundle.js';
import { foldEvents } from '../report/fold.js';
import { resultOf } from '../report/result.js';
import { summary } from '../report/summary.js';
import { readEvents, readPlanCopy } from './stored-runs.js';
import type { Terminal } from './terminal.js';

export interface OpenOptions {
	/** The archive. */
	readonly bundle: string;
	/** Where runs are kept. */
	readonly runs: string;
	readonly json: boolean;
	readonly terminal: Pick<Terminal, 'stdout' | 'stdoutColor' | 'width'>;
}

/** Unpacks a bundle and shows its run. A bundle that is damaged or hostile leaves nothing. */
export async function openCommand({ bundle, runs, json, terminal }: OpenOptions): Promise<ExitCode> {
	const file = path.resolve(bundle);
	const { stdout, stdoutColor: color, width } = terminal;
	const text = await withCleanup(async (cleanup) => {
		const stamp = new Date().toISOString().replace(/[-:]|\..*/g, '');
		// Hidden until it is whole, and removed by the next run should this process be killed: see pruneRuns.
		const aside = path.join(runs, `.${stamp}-${process.pid}-opened`);
		cleanup.defer('unpacked bundle', () => rm(aside, { recursive: true, force: true }));
		await mkdir(aside, { recursive: true, mode: 0o700 });
		await writeFile(path.join(aside, 'pid'), `${process.pid}\n`);
		const manifest = await unpackBundle(file, aside);
		// Whatever is wrong with what it says is found out before it is kept.
		await render(aside, manifest);
		const directory = path.join(runs, `${stamp}-opened-${manifest.run}`);
		await rm(path.join(aside, 'pid'));
		await rename(aside, directory);
		return render(directory, manifest);
	});
	stdout.write(text);
	return ExitCode.passed;

	async function render(directory: string, manifest: BundleManifest): Promise<string> {
		try {
			const state = foldEvents(await readEvents(directory));
			const opened = { directory, manifest, plan: (await readPlanCopy(directory))?.path };
			if (json) return openedObject(opened, resultOf(state));
			return `${summary(state, { color, width })}\n${renderOpened(opened, { color })}`;
		} catch (error) {
			throw error instanceof Failure && error.code !== 'usage' ? error : badArchive(`its events make no report (${String(error)})`);
		}
	}
}
