/** What a client begins by the tools, with machines that are fakes: how it goes on, how it ends, and what is reported of it. */
import { execFileSync } from 'node:child_process';
import { readFile, symlink, writeFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import path from 'node:path';
import test from 'ava';
import { programFile } from '../../../src/base/package-root.js';
import { connect, type Run } from './client.js';
import { makeFakeHost, password } from './fake-host.js';

test.serial('a rehearsal is cancelled while its machine boots, and nothing of it is left', async (t) => {
	const host = await makeFakeHost(t);
	await host.behave('hangs');
	await host.writeLab('web');
	const server = await connect(t, host);
	const { value } = await server.call<Run>('run_lab', { plan: 'web', wait_seconds: 0 });
	t.like(value, { kind: 'run', state: 'running', lab: 'web', plan: 'web/plan.yaml' });
	await host.finds(/fake-qemu\.js/);
	const waiting = await server.call<Run>('wait_run', { run: value.run, wait_seconds: 1 });
	t.is(waiting.value.state, 'running');
	t.true(waiting.ms >= 1000 && waiting.ms < 20_000);
	t.regex(waiting.value.progress.join('\n'), /box/);
	t.like((await server.call('lab_status')).value, { labs: [{ run: value.run, lab: 'web', stays: false, begun_here: true }] });
	const cancelled = await server.call<Run>('cancel_run', { run: value.run });
	t.is(cancelled.value.state, 'cancelled', cancelled.text);
	t.deepEqual(await host.leftovers(server.pid), []);
	t.is((await server.waitFor(value.run)).state, 'cancelled');
	t.like((await server.call('explain_failure', { run: value.run })).value, { verdict: 'error', failures: [{ kind: 'rehearsal', seen: 'interrupted by SIGTERM (interrupted)' }] });
});

test.serial('a client that gives up a wait ends nothing', async (t) => {
	const host = await makeFakeHost(t);
	await host.writeLab('web');
	const server = await connect(t, host);
	const { value } = await server.call<Run>('run_lab', { plan: 'web', cold: true, wait_seconds: 0 });
	const giving = new AbortController();
	const waiting = server.client.callTool({ name: 'wait_run', arguments: { run: value.run, wait_seconds: 50 } }, { signal: giving.signal });
	setTimeout(() => giving.abort(), 300);
	await t.throwsAsync(waiting);
	t.is((await server.waitFor(value.run)).state, 'passed');
});

test.serial('two servers and three rehearsals at once: each client gets reports of its own, and of none of another root', async (t) => {
	const host = await makeFakeHost(t);
	for (const lab of ['web', 'api']) await host.writeLab(lab);
	const [one, two, inApi] = [await connect(t, host), await connect(t, host), await connect(t, { ...host, root: path.join(host.root, 'api') })];
	const begin = async (server: typeof one, plan: string) => (await server.call<Run>('run_lab', { plan, cold: true, wait_seconds: 0 })).value.run;
	const runs = await Promise.all([begin(one, 'web'), begin(one, 'api'), begin(two, 'web')]);
	t.is(new Set(runs).size, 3);
	t.regex((await two.call('cancel_run', { run: runs[0] })).error ?? '', /(?:was not begun by this server|there is no run)/);
	const ended = await Promise.all([one.waitFor(runs[0]), one.waitFor(runs[1]), two.waitFor(runs[2])]);
	t.deepEqual(ended.map(({ state, result }) => [state, (result as unknown as { lab: string }).lab]), [['passed', 'web'], ['passed', 'api'], ['passed', 'web']]);
	const listed = async (server: typeof one) => {
		const { value } = await server.call<{ runs: readonly { run: string; begun_here: boolean; state: string }[] }>('list_runs');
		return value.runs.map(({ run, begun_here: isHere, state }) => [run, isHere, state]).sort();
	};
	t.deepEqual(await listed(two), runs.map((run) => [run, run === runs[2], 'passed']).sort());
	t.deepEqual(await listed(inApi), [[runs[1], false, 'passed']]);
	for (const tool of ['wait_run', 'explain_failure', 'cancel_run']) {
		t.regex((await inApi.call(tool, { run: runs[0] })).error ?? '', /there is no run .* of a plan below /, tool);
	}
	for (const uri of [`rehearse://runs/${runs[0]}/result.json`, `rehearse://runs/${runs[1]}/../${runs[0]}/result.json`, `rehearse://runs/${runs[1]}/consoles/../../${runs[0]}/events.ndjson`]) {
		await t.throwsAsync(inApi.client.readResource({ uri }), undefined, uri);
	}
	t.like(await inApi.client.readResource({ uri: `rehearse://runs/${runs[1]}/result.json` }), { contents: [{ mimeType: 'application/json' }] });
});

test.serial('a passed cold rehearsal is exported below the root, once; one that failed is not', async (t) => {
	const host = await makeFakeHost(t);
	await host.writeLab('web');
	const server = await connect(t, host);
	await host.behave('fails');
	const failed = await server.call<Run>('run_lab', { plan: 'web', cold: true, wait_seconds: 45 });
	t.regex((await server.call('export_plan', { out: 'evidence' })).error ?? '', /the run .* is no evidence\n.*it has not passed/);
	await host.behave('works');
	t.is((await server.call<Run>('run_lab', { plan: 'web', cold: true, wait_seconds: 45 })).value.state, 'passed');
	for (const out of ['../evidence', '/tmp/evidence', 'web', 'none/evidence']) t.truthy((await server.call('export_plan', { out })).error, out);
	const { value, error } = await server.call<{ directory: string; files: readonly { path: string; sha256: string }[] }>('export_plan', { out: 'evidence' });
	t.is(error, undefined);
	t.is(value.directory, 'evidence');
	t.true(value.files.some((file) => file.path === 'build-plan.yaml'));
	for (const { path: name, sha256 } of value.files) {
		t.is(createHash('sha256').update(await readFile(path.join(host.root, 'evidence', name))).digest('hex'), sha256, name);
	}
	t.regex((await server.call('export_plan', { out: 'evidence' })).error ?? '', /evidence is there already/);
	t.regex((await server.call('export_plan', { out: 'other', run: failed.value.run })).error ?? '', /is no evidence/);
});

test.serial('into a lab that is up: commands, logs, tests and changes, without its password', async (t) => {
	const host = await makeFakeHost(t);
	await host.writeLab('web', ['box', 'other']);
	const server = await connect(t, host);
	const { value } = await server.call<Run>('start_lab', { plan: 'web', wait_seconds: 0 });
	t.is((await server.waitFor(value.run)).state, 'up');
	t.regex((await server.call('start_lab', { plan: 'web' })).error ?? '', /web is up already/);
	// The fake's commands print their own text.
	t.like((await server.call('exec_node', { node: 'box', command: `echo ${password}` })).value, { exit_code: 0, guest_stdout: 'echo __password-of-ops__', timed_out: false });
	const long = await server.call<{ guest_stdout: string; stdout_bytes: number }>('exec_node', { node: 'box', command: 'y'.repeat(20_000) });
	t.is(long.value.stdout_bytes, 20_000);
	t.true(long.value.guest_stdout.length <= 6000 && long.text.length < 20_000);
	t.regex((await server.call('exec_node', { node: 'none', command: 'true' })).error ?? '', /the lab has no node/);
	t.like((await server.call('read_log', { node: 'box', log: 'console' })).value, { guest_lines: [{ line: 1, text: 'fake machine' }], total_lines: 1 });
	t.like((await server.call('read_log', { node: 'box', log: 'startup' })).value, { guest_lines: [{ line: 1, text: '--- setup: passed' }, { line: 2, text: 'done' }] });
	t.is((await server.call<Run>('test_lab', { tests: ['It answers'] })).value.state, 'passed');
	t.regex((await server.call<Run>('test_lab', { tests: ['None'] })).value.error?.message ?? '', /the scenario has no test 'None'/);
	t.is((await server.call<Run>('change_lab', { action: 'pause', node: 'box' })).value.state, 'done');
	t.like((await server.call('lab_status', { lab: 'web' })).value, { labs: [{ ready: true, nodes: [{ name: 'box', paused: true }, { name: 'other', paused: false }] }] });
	t.regex((await server.call('exec_node', { node: 'box', command: 'true' })).error ?? '', /box is paused/);
	t.is((await server.call<Run>('change_lab', { action: 'link_down', node: 'other' })).value.state, 'done');
	t.regex((await server.call('change_lab', { action: 'link_delay', node: 'other' })).error ?? '', /link delay: expected milliseconds above 0/);
	t.regex((await server.call('change_lab', { action: 'kill' })).error ?? '', /kill needs a node/);
	t.regex((await server.call('change_lab', { action: 'reset', node: 'box' })).error ?? '', /is about the whole lab/);
	t.is((await server.call<Run>('cancel_run', { run: value.run })).value.state, 'cancelled');
	t.deepEqual(await host.leftovers(server.pid), []);
});

test.serial('a run that somebody has started to show its passwords shows none to a client', async (t) => {
	const host = await makeFakeHost(t);
	await host.writeLab('web');
	await writeFile(path.join(host.root, 'web', 'box.sh'), `echo ${password} >/etc/app\n`);
	execFileSync(process.execPath, [programFile('main'), 'run', path.join(host.root, 'web'), '--cold', '--show-secrets'], { env: host.env, stdio: 'ignore' });
	const server = await connect(t, host);
	const { value } = await server.call<{ runs: readonly { run: string }[] }>('list_runs');
	const { run = '' } = value.runs[0] ?? {};
	t.true((await readFile(path.join(host.runs, run, 'events.ndjson'), 'utf8')).includes(password));
	for (const file of ['result.json', 'report.html', 'events.ndjson']) {
		const { contents } = await server.client.readResource({ uri: `rehearse://runs/${run}/${file}` });
		t.false(JSON.stringify(contents).includes(password), file);
	}
	t.regex(JSON.stringify(await server.client.readResource({ uri: `rehearse://runs/${run}/events.ndjson` })), /__password-of-ops__/);
});

test.serial('a plan that leads out of the root, is no file, or has errors is not rehearsed', async (t) => {
	const host = await makeFakeHost(t);
	await host.writeLab('web');
	const server = await connect(t, host);
	await writeFile(path.join(host.directory, 'secret.yaml'), 'name: secret\n');
	await symlink(path.join(host.directory, 'secret.yaml'), path.join(host.root, 'link.yaml'));
	await symlink(host.directory, path.join(host.root, 'up'));
	execFileSync('mkfifo', [path.join(host.root, 'pipe.yaml')]);
	for (const plan of ['link.yaml', 'up/secret.yaml', '../secret.yaml', path.join(host.directory, 'secret.yaml')]) {
		t.regex((await server.call('check_plan', { plan })).error ?? '', /is not below /, plan);
		t.regex((await server.call('run_lab', { plan })).error ?? '', /is not below /, plan);
	}
	t.regex((await server.call('check_plan', { plan: 'pipe.yaml' })).error ?? '', /is no regular file/);
	// The bundled lab is not below the root either.
	t.regex((await server.call('run_lab', { plan: 'immich-photo-vault' })).error ?? '', /no lab/);
	await writeFile(path.join(host.root, 'bad.yaml'), 'name: 7\n');
	t.like((await server.call('check_plan', { plan: 'bad.yaml' })).value, { ok: false, plan: 'bad.yaml' });
	t.regex((await server.call('run_lab', { plan: 'bad.yaml' })).error ?? '', /bad\.yaml has errors; nothing was started[^]*hint: check_plan/);
	t.regex((await server.call('run_lab', { plan: 'web', only: ['none'] })).error ?? '', /the lab has no node/);
	t.regex((await server.call('run_lab', { plan: 'web', cold: true, only: ['box'] })).error ?? '', /give only one of them/);
	t.deepEqual((await server.call('list_runs')).value, { root: host.root, runs: [] });
	await server.client.close();
	t.deepEqual(await host.leftovers(), []);
});
