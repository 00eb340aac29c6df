/** Pages of all kinds of runs, for a browser to open. */
import { foldEvents } from '../../../src/outcome/fold.js';
import type { LogEnd } from '../../../src/page/logs.js';
import { reportPage } from '../../../src/page/page.js';
import { changesBetweenRuns } from '../../../src/report/changes.js';
import { bundledLab, eventsOf, hostileOutput } from '../../unit/page/runs.js';
import { readLog } from '../../unit/report/golden.js';

const log = (text: string): LogEnd => ({ kind: 'console', node: 'redis', text, bytes: text.length, path: '/runs/r1/consoles/redis.log' });

/** Pages by what they are of. */
export const pages: Readonly<Record<string, () => Promise<string>>> = {
	passed: async () => reportPage({ state: foldEvents(eventsOf(await bundledLab())), logs: [log('redis login:')] }),
	failed: async () =>
		reportPage({ state: foldEvents(eventsOf(await bundledLab(), { fails: { node: 'redis', line: 10, output: 'no such file\n' } })), logs: [log('redis login:')] }),
	robustness: async () => reportPage({ state: foldEvents(readLog('robustness')), logs: [] }),
	outbound: async () => reportPage({ state: foldEvents(readLog('outbound')), logs: [] }),
	broken: async () => reportPage({ state: foldEvents(readLog('machine-panicked')), logs: [] }),
	// As it is between two times that it loads itself, which nothing that looks at it for longer could bear.
	watched: async () => (await watchedPage({})).replace(' data-reload', ''),
	hostile: async () =>
		reportPage({
			state: foldEvents(eventsOf(await bundledLab(), { output: hostileOutput, fails: { node: 'redis', line: 10, output: hostileOutput } })),
			logs: [log(hostileOutput)],
		}),
};

/** The page of a watched lab, the script of whose redis fails now. */
export async function watchedPage({ output = 'no such file\n', banner }: { readonly output?: string; readonly banner?: string }): Promise<string> {
	const lab = await bundledLab();
	const [before, state] = [foldEvents(eventsOf(lab)), foldEvents(eventsOf(lab, { fails: { node: 'redis', line: 10, output } }))];
	const differences = new Map([['redis', [{ kind: 'file', subject: '/etc/redis/<b>.conf', change: 'removed' } as const]]]);
	return reportPage({ state, logs: [], changes: changesBetweenRuns(before, state, differences), ...(banner === undefined ? {} : { banner }) });
}
