/** What can be read of a run, as resources: rehearse://runs/{run}/… */
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { ResourceTemplate, type McpServer } from '@modelcontextprotocol/server';
import { usageFailure } from '../base/errors.js';
import { formatBytes } from '../base/format.js';
import type { Mask } from '../base/secrets.js';
import { maskValue, shownText } from '../lab/mask.js';
import { resultJson, resultOf } from '../outcome/result.js';
import { consolesDirectory, eventLogPath, journalsDirectory, reportPagePath } from '../runs/run-files.js';
import { linksTo, maskOfRun, resourceUri, type Context } from './context.js';
import type { KnownRun } from './known-runs.js';
import { readFileEnd } from './read-end.js';
import type { Link } from './tool.js';

/** The longest resource, in bytes; of a longer text the end is given. */
const maximumBytes = 2 ** 20;

/** How many runs are listed. */
const listedRuns = 10;

/** Adds the resources to a server. */
export function registerResources(server: McpServer, context: Context): void {
	const template = new ResourceTemplate('rehearse://runs/{run}/{+file}', {
		list: async () => {
			const runs = await context.runs.newest(listedRuns);
			return { resources: (await Promise.all(runs.map(linksOf))).flat() };
		},
	});
	server.registerResource(
		'run',
		template,
		{ title: 'What a run keeps', description: 'result.json, report.html, events.ndjson, consoles/NODE.log and journals/NODE.log of a run' },
		async (uri, { run, file }) => {
			const found = await context.runs.find(String(run));
			const { text, mimeType } = await read(context, found, String(file));
			return { contents: [{ uri: uri.href, mimeType, text }] };
		},
	);
}

async function linksOf({ id, directory }: KnownRun): Promise<readonly Link[]> {
	const logs = async (kind: string, folder: string) =>
		(await readdir(folder).catch(() => [])).map((name) => ({ uri: resourceUri(id, `${kind}/${name}`), name: `${kind}/${name}`, mimeType: 'text/plain' }));
	const named = [...linksTo(id), ...(await logs('consoles', consolesDirectory(directory))), ...(await logs('journals', journalsDirectory(directory)))];
	return named.map((link) => ({ ...link, name: `${id}: ${link.name}` }));
}

async function read(context: Context, run: KnownRun, file: string): Promise<{ readonly text: string; readonly mimeType: string }> {
	const { directory, state } = run;
	// Whoever started it may have had its passwords shown.
	const mask = await maskOfRun(context, run);
	if (file === 'result.json') return { text: resultJson(maskValue(resultOf(state), mask)), mimeType: 'application/json' };
	if (file === 'report.html') return { text: await pageOf(run, mask), mimeType: 'text/html' };
	if (file === 'events.ndjson') return { text: maskedLines(await readEnd(eventLogPath(directory)), mask), mimeType: 'application/x-ndjson' };
	const [, kind, name] = /^(consoles|journals)\/([a-z0-9-]+\.log)$/.exec(file) ?? [];
	if (kind === undefined || name === undefined) throw usageFailure(`a run keeps no ${file}`, { hint: 'resources/list has what there is' });
	const text = await readEnd(path.join(kind === 'consoles' ? consolesDirectory(directory) : journalsDirectory(directory), name));
	return { text: shownText(text, mask), mimeType: 'text/plain' };
}

/** The page, once there is one. It is made again: in that of a run that shows them, a password may stand in the characters of HTML. */
async function pageOf({ directory, state }: KnownRun, mask: Mask): Promise<string> {
	const file = reportPagePath(directory);
	const { size } = await stat(file).catch((cause: unknown) => {
		throw usageFailure(missing(file), { cause });
	});
	// A page is of no use in parts.
	if (size > maximumBytes * 8) throw usageFailure(`${path.basename(file)} is longer than ${formatBytes(maximumBytes * 8)}`);
	const { renderReportPage } = await import('../page/write.js');
	return renderReportPage({ ...maskValue(state, mask), runDirectory: directory }, { mask });
}

/** Lines of JSON, each without passwords but in what names things. */
const maskedLines = (text: string, mask: Mask): string =>
	text
		.split('\n')
		.map((line) => {
			try {
				return JSON.stringify(maskValue(JSON.parse(line), mask));
			} catch {
				return mask(line);
			}
		})
		.join('\n');

/** The last whole lines. */
async function readEnd(file: string): Promise<string> {
	const { text, isCut } = await readFileEnd(file, maximumBytes, missing(file));
	return isCut ? text.slice(text.indexOf('\n') + 1) : text;
}

const missing = (file: string): string => `the run has no ${path.basename(file)}`;
