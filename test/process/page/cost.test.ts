/** What the page costs a run: everything from loading what renders it to the file, in a process that has done neither before. */
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import test from 'ava';
import { run } from '../../../src/process/run.js';
import { usualCpuMsOf } from '../../unit/base/cost.js';
import { bundledLab, eventsOf } from '../../unit/page/runs.js';

/** At most so much of a processor's time, in milliseconds. */
const maximumMs = 200;

const sources = path.resolve(import.meta.dirname, '..', '..', '..', 'src');

/** Prints the processor's time that it took, user and system, in milliseconds. */
const program = (log: string, page: string): string => `
import { readFileSync } from 'node:fs';
import { parseEventLog } from ${JSON.stringify(path.join(sources, 'runs', 'event-log.js'))};
import { foldEvents } from ${JSON.stringify(path.join(sources, 'outcome', 'fold.js'))};
const state = foldEvents(parseEventLog(readFileSync(${JSON.stringify(log)}, 'utf8'), 'log'));
const began = process.cpuUsage();
const { writeReportPage } = await import(${JSON.stringify(path.join(sources, 'page', 'write.js'))});
await writeReportPage(state, { file: ${JSON.stringify(page)} });
const { user, system } = process.cpuUsage(began);
console.log((user + system) / 1000);
`;

test('writing the page of the bundled lab takes 0.2 s of a processor at most', async (t) => {
	const directory = await mkdtemp(path.join(os.tmpdir(), 'rehearse-cost-'));
	t.teardown(() => rm(directory, { recursive: true, force: true }));
	const [log, page] = [path.join(directory, 'events.ndjson'), path.join(directory, 'report.html')];
	const events = eventsOf(await bundledLab(), { fails: { node: 'redis', line: 10, output: 'no such file\n' }, output: 'hello\n'.repeat(100) });
	await writeFile(log, events.map((event) => `${JSON.stringify(event)}\n`).join(''));
	const ms = await usualCpuMsOf(maximumMs, async () => Number((await run([process.execPath, '--input-type=module', '--eval', program(log, page)], { timeoutMs: 60_000 })).stdout));
	t.true((await stat(page)).size > 50_000);
	t.true(ms < maximumMs, `${ms} ms`);
	t.log(`${ms.toFixed(0)} ms`);
});
