/** An agent takes the bundled lab from a broken script to a passed run, by the tools of the server alone. */
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'ava';
import { connect, type Run } from '../process/mcp/client.js';
import { breakBundledLab } from '../integration/support/labs.js';
import { makeSandbox } from '../integration/support/sandbox.js';

/** The longest that a call may take, in milliseconds. */
const maximumCallMs = 50_000;

/** How long a run of four machines may take, in milliseconds. */
const runMs = 15 * 60_000;

interface Explained {
	readonly failures: readonly { readonly kind: string; readonly node: string; readonly file: string; readonly line: number; readonly command: string }[];
}

const [right, wrong] = ['systemctl restart redis-compat', 'systemctl restart redis-metrics'];

test('from check_plan to a passed run of four machines, no call takes long', async (t) => {
	t.timeout(2 * runMs);
	const sandbox = await makeSandbox(t, 'shared', 'warm');
	const lab = await breakBundledLab(sandbox, 'redis.sh', right, wrong);
	const root = path.dirname(lab);
	const plan = path.basename(lab);
	const server = await connect(t, { root, env: sandbox.env as Record<string, string> });
	const { call, waitFor, client } = server;

	t.like((await call('check_plan', { plan })).value, { ok: true });
	const failed = await waitFor((await call<Run>('run_lab', { plan })).value.run, runMs);
	t.is(failed.state, 'failed', JSON.stringify(failed));
	const { value } = await call<Explained>('explain_failure');
	const failure = value.failures.find(({ kind }) => kind === 'script');
	t.like(failure, { node: 'redis', file: `${plan}/startup/redis.sh` });

	// The agent edits the file and the line that the tool named.
	const file = path.join(root, failure?.file ?? '');
	const lines = (await readFile(file, 'utf8')).split('\n');
	const index = (failure?.line ?? 0) - 1;
	t.true(lines[index]?.includes(wrong), JSON.stringify(failure));
	lines[index] = lines[index]?.replace(wrong, right) ?? '';
	await writeFile(file, lines.join('\n'));

	t.like((await call('check_plan', { plan })).value, { ok: true });
	const passed = await waitFor((await call<Run>('run_lab', { plan })).value.run, runMs);
	t.is(passed.state, 'passed', JSON.stringify(passed));
	await client.close();
	t.deepEqual(await sandbox.leftovers(20_000), []);
	t.true(server.longestMs < maximumCallMs, `${server.longestMs} ms`);
	t.log(`the longest call took ${(server.longestMs / 1000).toFixed(1)} s`);
});
