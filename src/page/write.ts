/** Writes the page of a run, with the ends of its consoles and journals, into a file of this user. */
import { randomBytes } from 'node:crypto';
import { rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { openRegular } from '../base/files.js';
import { noMask, type Mask } from '../base/secrets.js';
import { shownText } from '../lab/mask.js';
import type { RunState } from '../outcome/state.js';
import { consoleLogPath, journalsDirectory, reportPagePath } from '../runs/run-files.js';
import type { LogEnd } from './logs.js';
import { reportPage, type PageInput } from './page.js';

/** Bytes of the end of each console and each journal. */
const endBytes = 24 * 1024;

/** Nodes whose logs are shown. */
const maximumNodes = 64;

/** Writes the page of a run, by default into its directory. Resolves to the file. */
export async function writeReportPage(state: RunState, { file, ...options }: RenderOptions & { readonly file?: string } = {}): Promise<string> {
	const target = file ?? reportPagePath(state.runDirectory);
	const html = await renderReportPage(state, options);
	// Renamed, so that a browser that loads it again just now finds a whole one.
	const partial = path.join(path.dirname(target), `.${path.basename(target)}.${randomBytes(4).toString('hex')}`);
	try {
		await writeFile(partial, html, { mode: 0o600 });
		await rename(partial, target);
	} catch (error) {
		await rm(partial, { force: true });
		throw error;
	}
	return target;
}

/** How a page is rendered. */
export type RenderOptions = Omit<PageInput, 'state' | 'logs'> & {
	/** For logs, of a run that goes on: it masks its own when it ends. */
	readonly mask?: Mask;
	/** The directory of the logs, where it is not that of the run: the page does not name it. */
	readonly logsIn?: string;
};

/** The text of the page. */
export const renderReportPage = async (state: RunState, { mask = noMask, logsIn = state.runDirectory, ...options }: RenderOptions = {}): Promise<string> =>
	reportPage({ state, logs: await readLogEnds(state, logsIn, mask), ...options });

async function readLogEnds({ nodes, runDirectory: named }: RunState, runDirectory: string, mask: Mask): Promise<readonly LogEnd[]> {
	if (runDirectory === '') return [];
	const wanted = nodes.slice(0, maximumNodes).flatMap(({ name: node }) => [
		{ kind: 'console' as const, node, path: consoleLogPath(runDirectory, node) },
		{ kind: 'journal' as const, node, path: path.join(journalsDirectory(runDirectory), `${node}.log`) },
	]);
	const found = await Promise.all(
		wanted.map(async ({ path: file, ...log }) => {
			const end = await readEnd(file, runDirectory, mask);
			return end && { ...log, ...end, ...(named === runDirectory ? { path: file } : {}) };
		}),
	);
	return found.filter((log) => log !== undefined);
}

/**
 * The end of a file, from the beginning of a line; nothing where there is no such file, or nothing in it. The run may be a
 * stranger's: nothing that lies outside of its directory is shown, whatever links and names of nodes lead there.
 */
async function readEnd(file: string, runDirectory: string, mask: Mask): Promise<{ readonly text: string; readonly bytes: number } | undefined> {
	const handle = await openRegular(file, runDirectory);
	if (!handle) return undefined;
	try {
		const { size } = await handle.stat();
		const buffer = Buffer.alloc(Math.min(size, endBytes));
		const { bytesRead } = await handle.read(buffer, 0, buffer.length, size - buffer.length);
		// As it came from the machine: a page may be printed into a log of CI, or passed on as text.
		const text = shownText(buffer.toString('utf8', 0, bytesRead), mask);
		const whole = size > endBytes && text.includes('\n') ? text.slice(text.indexOf('\n') + 1) : text;
		return whole.trim() === '' ? undefined : { text: whole, bytes: size };
	} catch {
		return undefined;
	} finally {
		await handle.close();
	}
}
