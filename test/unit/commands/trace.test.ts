/** Which run `rehearse trace` takes. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import test from 'ava';
import { traceCommand } from '../../../src/commands/trace.js';
import { readLog } from '../report/golden.js';

test('of all runs, one whose log cannot be read is passed over; one that is named is not', async (t) => {
	const runs = await mkdtemp(path.join(os.tmpdir(), 'rehearse-test-'));
	t.teardown(() => rm(runs, { recursive: true }));
	const [whole, damaged] = ['20260101T000000-web-aaaa', '20260102T000000-web-bbbb'];
	const lines = readLog('script-failed').map((event) => JSON.stringify(event));
	for (const [run, text] of [[whole, lines], [damaged, lines.with(3, 'no event')]] as const) {
		await mkdir(path.join(runs, run));
		await writeFile(path.join(runs, run, 'events.ndjson'), `${text.join('\n')}\n`);
	}
	let printed = '';
	const terminal = { stdout: { write: (text: string) => void (printed += text) }, stdoutColor: false, width: 80 };
	const options = { node: 'redis', script: undefined, lab: undefined, runs, slowMs: 1000, json: true, terminal };
	t.is(await traceCommand({ ...options, run: undefined }), 0);
	t.true(printed.includes(whole), printed);
	await t.throwsAsync(traceCommand({ ...options, run: damaged }), { message: /:4: / });
});
