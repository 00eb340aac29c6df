/** An agent's whole way, by the tools of the server alone: from a plan with a broken script to a passed run, and into the lab. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'ava';
import { connect, type Run } from '../process/mcp/client.js';
import { labDirectory } from './support/labs.js';
import { makeSandbox } from './support/sandbox.js';

interface Explained {
	readonly run: string;
	readonly failures: readonly { readonly kind: string; readonly node: string; readonly file: string; readonly line: number; readonly command: string; readonly excerpt: string; readonly guest_output?: string }[];
}

/** The script of the lab `single`, with a file that is missing: the third line. */
const broken = [
	'set -e',
	`ip addr add 10.74.0.10/24 dev "$(ip route show default | awk '{print $5; exit}')"`,
	'install -m 0644 /root/box.conf /etc/box.conf',
	'echo "the password is single-ops"',
	'',
].join('\n');

/** The longest that a call may take, in milliseconds. */
const maximumCallMs = 50_000;

test.serial('a client fixes a broken script by what the tools report, sees it pass, and looks into the lab', async (t) => {
	const sandbox = await makeSandbox(t, 'shared', 'warm');
	const root = path.join(sandbox.path, 'plans');
	const home = path.join(root, 'box');
	await mkdir(home, { recursive: true });
	const plan = await readFile(path.join(labDirectory('single'), 'plan.yaml'), 'utf8');
	await writeFile(path.join(home, 'plan.yaml'), plan.replace(/script: \|\n.*\n/, 'script_file: box.sh\n'));
	await writeFile(path.join(home, 'box.sh'), broken);
	const server = await connect(t, { root, env: sandbox.env as Record<string, string> });
	const { call, waitFor, client } = server;

	t.like((await call('check_plan', { plan: 'box' })).value, { ok: true, nodes: ['box'] });
	const first = await call<Run>('run_lab', { plan: 'box', wait_seconds: 20 });
	t.is(first.error, undefined);
	const failed = await waitFor(first.value.run, 600_000);
	t.is(failed.state, 'failed', JSON.stringify(failed));

	const { value } = await call<Explained>('explain_failure');
	const [failure] = value.failures;
	t.like(failure, { kind: 'script', node: 'box', file: 'box/box.sh', line: 3 });
	t.regex(failure?.command ?? '', /^install -m 0644 \/root\/box\.conf/);
	t.regex(failure?.guest_output ?? '', /cannot stat '\/root\/box\.conf'/);

	// As an agent does with its own tools: it edits the file and the line that the tool reported.
	const file = path.join(root, failure?.file ?? '');
	const lines = (await readFile(file, 'utf8')).split('\n');
	lines[(failure?.line ?? 0) - 1] = 'echo settings > /etc/box.conf';
	await writeFile(file, lines.join('\n'));
	t.like((await call('check_plan', { plan: 'box' })).value, { ok: true });
	const second = await call<Run>('run_lab', { plan: 'box' });
	const passed = await waitFor(second.value.run, 600_000);
	t.is(passed.state, 'passed', JSON.stringify(passed));
	const refused = await call('export_plan', { out: 'evidence' });
	t.regex(refused.error ?? '', /is no evidence[^]*it was not cold/);

	const started = await call<Run>('start_lab', { plan: 'box' });
	t.is((await waitFor(started.value.run, 600_000)).state, 'up');
	t.like((await call('exec_node', { node: 'box', command: 'cat /etc/box.conf; hostname >&2; exit 3' })).value, {
		...{ exit_code: 3, guest_stdout: 'settings\n', guest_stderr: 'box\n', timed_out: false },
	});
	t.like((await call('exec_node', { node: 'box', command: 'echo begun; sleep 60', timeout_seconds: 5 })).value, { exit_code: null, timed_out: true, guest_stdout: 'begun\n' });
	const log = await call('read_log', { node: 'box', log: 'startup' });
	t.regex(log.text, /the password is __password-of-ops__/);
	t.regex((await call('read_log', { node: 'box', log: 'journal', grep: 'systemd', limit: 5 })).text, /"guest_lines":\[\{"line":\d+/);
	const tested = await call<Run>('test_lab', {});
	t.is((await waitFor(tested.value.run)).state, 'passed');
	t.is((await waitFor((await call<Run>('change_lab', { action: 'link_down', node: 'box' })).value.run)).state, 'done');
	// The channel of commands needs no network.
	t.like((await call('exec_node', { node: 'box', command: 'true' })).value, { exit_code: 0 });
	t.like((await call('lab_status', {})).value, { labs: [{ lab: 'single', stays: true, ready: true, nodes: [{ name: 'box', stage: 'started', link: 'down' }] }] });
	t.is((await waitFor((await call<Run>('change_lab', { action: 'down' })).value.run)).state, 'done');
	await client.close();
	t.deepEqual(await sandbox.leftovers(20_000), []);
	t.true(server.longestMs < maximumCallMs);
	t.log(`the longest call took ${(server.longestMs / 1000).toFixed(1)} s`);
});
