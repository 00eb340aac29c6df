/** `fleet --on slurm` and `doctor --on slurm` as they are built, with a Slurm in miniature. No machine is started. */
import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'ava';
import { run } from '../../../src/process/run.js';
import { program } from '../cli/rehearse.js';
import { makeCluster, plan, type FakeCluster } from './cluster.js';

const fleet = (args: readonly string[] = []): string[] => ['fleet', plan, '--shuffle', '4', '--shards', '2', '--on', 'slurm', ...args];

/** What is left in the home of the program beside the fake, the cache, and what the test has asked for. */
const left = async ({ tool }: FakeCluster): Promise<string[]> => (await readdir(tool.directory)).filter((name) => !['slurm', 'cache', 'night'].includes(name));

test('the shards become the tasks of an array, and their results one verdict', async (t) => {
	const cluster = await makeCluster(t, {});
	await cluster.results(2);
	const { exitCode, stdout, stderr } = await cluster.tool.rehearse(fleet(['--json']), { env: cluster.env });
	t.is(exitCode, 0, stderr);
	t.is((JSON.parse(stdout) as { verdict: string }).verdict, 'passed');
	const [argv = []] = await cluster.submitted();
	for (const word of ['--array=1-2', '--mem=1920M', '--cpus-per-task=2', '--no-requeue']) t.true(argv.includes(word), word);
	t.true(argv.includes('--shuffle=4') && argv.includes(plan));
	t.regex(stderr, /2 shards, each with 1\.9 GiB of memory and 2 processors, on 2 hosts\njob 1: 2 shards submitted\n/);
	t.regex(stderr, /shard 2 of 2: has ended on two/);
	t.deepEqual(await cluster.cancelled(), []);
	t.deepEqual(await left(cluster), []);
});

test('shards of another plan or of other checks than were submitted are no pass', async (t) => {
	for (const other of [{ planSha256: 'c0ffee' }, { robustness: ['twice'] as const }, { options: { defaultTests: true } as const }]) {
		const cluster = await makeCluster(t, {});
		await cluster.results(2, undefined, other);
		const { exitCode, stdout, stderr } = await cluster.tool.rehearse(fleet(), { env: cluster.env });
		t.deepEqual([exitCode, stdout], [2, ''], stderr);
		t.regex(stderr, /is no shard of what was asked for: it differs in the labs, their plans or the checks/);
	}
});

test('a lab that fails on one host fails', async (t) => {
	const cluster = await makeCluster(t, {});
	await cluster.results(2, (unit) => (unit === 'order-2' ? 'failed' : 'passed'));
	const { exitCode, stdout } = await cluster.tool.rehearse(fleet(['--out', 'night', '--html', 'page.html']), { env: cluster.env });
	t.is(exitCode, 1);
	t.regex(stdout, /order 2 did not pass/);
	t.deepEqual((await readdir(path.join(cluster.tool.directory, 'night'))).sort(), ['shard-1-of-2', 'shard-2-of-2']);
	t.deepEqual(await left(cluster), ['page.html']);
	t.regex(stdout, /run directory +\S+\/night\/shard-\d-of-2\/labs\/pair\n/);
});

test('nothing that is reported leads to results that are gone with the command', async (t) => {
	const cluster = await makeCluster(t, {});
	await cluster.results(2, (unit) => (unit === 'order-2' || unit === 'order-3' ? 'failed' : 'passed'));
	const text = await cluster.tool.rehearse(fleet(['--html', 'page.html']), { env: cluster.env });
	t.is(text.exitCode, 1);
	t.notRegex(text.stdout, /directory|rehearse-fleet-/);
	t.notRegex(await readFile(path.join(cluster.tool.directory, 'page.html'), 'utf8'), /rehearse (?:bundle|report) /);
	const again = await makeCluster(t, {});
	await again.results(2, (unit) => (unit === 'order-2' ? 'failed' : 'passed'));
	const json = await again.tool.rehearse(fleet(['--json']), { env: again.env });
	t.regex(json.stdout, /"run_directory": ""/);
	t.notRegex(json.stdout, /rehearse-fleet-/);
});

test('a shard that was lost with its host is tried once elsewhere', async (t) => {
	const cluster = await makeCluster(t, { fates: { 2: ['lost', 'done'] } });
	await cluster.results(2);
	const { exitCode, stderr } = await cluster.tool.rehearse(fleet(), { env: cluster.env });
	t.is(exitCode, 0, stderr);
	const [, again = []] = await cluster.submitted();
	t.true(again.includes('--array=2') && again.includes('--exclude=two'));
	t.regex(stderr, /two was lost with shard 2\njob 2: shard 2 submitted, not on two\n/);
});

test('the last lines of a job that somebody ends are reported, and the other results stay', async (t) => {
	const cluster = await makeCluster(t, { fates: { 1: ['cancelled'] } });
	await cluster.results(2);
	const { exitCode, stderr, stdout } = await cluster.tool.rehearse(fleet(['--out', 'night']), { env: cluster.env });
	t.is(exitCode, 4);
	t.is(stdout, '');
	t.regex(stderr, /1 shard of 2 left no result.*\n +shard 1 of 2: job 1_1 on one ended with CANCELLED and left no result\n +what task 1 said\nhint: the results of the others are in night; /);
	t.deepEqual(await readdir(path.join(cluster.tool.directory, 'night')), ['shard-2-of-2']);
});

test('what is missing is done again by the commands that the message names', async (t) => {
	const cluster = await makeCluster(t, { fates: { 1: ['cancelled'], 2: ['cancelled'] } });
	await cluster.results(2);
	const { env, tool } = cluster;
	const asked = fleet(['--out', 'a night', '--wait', '3000', '--junit', 'report.xml', '--strict', '--mirror', 'http://mirror.example.org/a?b']);
	const { stderr } = await tool.rehearse(asked, { env });
	const commands = [...stderr.matchAll(/^ {2}(rehearse .*)$/gm)].map(([, command = '']) => command);
	t.is(commands.length, 3, stderr);
	const sh = (command: string) => run(['sh', '-c', `rehearse() { "${process.execPath}" "${program}" "$@"; }; ${command}`], { allowFailure: true, cwd: tool.directory, env: { ...env, HOME: tool.directory, XDG_CACHE_HOME: path.join(tool.directory, 'cache'), XDG_STATE_HOME: path.join(tool.directory, 'cache') } });
	// The QEMU of this host is too old: that is what comes of each shard, and so of the whole.
	for (const command of commands.slice(0, 2)) {
		const again = await sh(command);
		t.is(again.exitCode, 3, again.stderr);
	}
	t.deepEqual((await readdir(path.join(tool.directory, 'a night'))).sort(), ['shard-1-of-2', 'shard-2-of-2']);
	const merged = await sh(commands[2]!);
	t.is(merged.exitCode, 3, merged.stderr);
	t.regex(merged.stdout, /What this host lacks/);
});

test('Ctrl-C waits for no answer of Slurm, and the second one for none to a submission', async (t) => {
	const forgotten = await makeCluster(t, { fates: { 1: ['runs'], 2: ['runs'] } });
	await forgotten.replace('squeue', 'exit 0');
	await forgotten.replace('sacct', 'exec sleep 300');
	const began = Date.now();
	const first = await forgotten.interrupted(fleet(), /2 shards submitted/);
	t.is(first.exitCode, 130, first.stderr);
	const slow = await makeCluster(t, {});
	await slow.replace('sbatch', 'exec sleep 300');
	const second = await slow.interrupted(fleet(), /2 shards, each/, 1);
	t.is(second.exitCode, 130, second.stderr);
	t.regex(second.stderr, /it is not known whether jobs are left/);
	t.true(Date.now() - began < 100_000);
});

test('of several labs a report that cannot be written is found out before anything is submitted', async (t) => {
	const cluster = await makeCluster(t, {});
	await cp(path.dirname(plan), path.join(cluster.tool.directory, 'cache', 'other'), { recursive: true });
	const other = path.join(cluster.tool.directory, 'cache', 'other', 'plan.yaml');
	await writeFile(other, (await readFile(other, 'utf8')).replace(/^name: .*$/m, 'name: other'));
	const { exitCode, stderr } = await cluster.tool.rehearse([...fleet(['--html', 'nowhere/page.html']), other], { env: cluster.env });
	t.is(exitCode, 2);
	t.regex(stderr, /the report nowhere\/page-pair\.html cannot be written/);
	t.deepEqual(await cluster.submitted(), []);
});

test('Ctrl-C ends the jobs, and nothing is left', async (t) => {
	const cluster = await makeCluster(t, { fates: { 1: ['runs'] } });
	await cluster.results(2);
	const { exitCode, stderr } = await cluster.interrupted(fleet(['--out', 'night']), /shard 1 of 2: runs on one/);
	t.is(exitCode, 130, stderr);
	t.regex(stderr, /ending the jobs\nrehearse: interrupted by SIGINT\n$/);
	t.is((await cluster.cancelled()).length, 1);
	t.deepEqual(await readdir(path.join(cluster.tool.directory, 'night')), []);
	t.deepEqual(await left(cluster), []);
});

test('everything together has a limit', async (t) => {
	const cluster = await makeCluster(t, { fates: { 1: ['runs'], 2: ['runs'] } });
	const { exitCode, stderr } = await cluster.tool.rehearse(fleet(['--wait', '3']), { env: cluster.env });
	t.is(exitCode, 124, stderr);
	t.regex(stderr, /0 of 2 shards had ended\nhint: give them longer with --wait$/);
	t.is((await cluster.cancelled()).length, 1);
});

test('the script of the job runs the shard, brings what its host lacks, and takes its directory away', async (t) => {
	const cluster = await makeCluster(t, { fates: { 1: ['script'], 2: ['script'] } });
	const temporary = path.join(cluster.tool.directory, 'cache', 'tmp');
	await mkdir(temporary, { recursive: true });
	const env = { ...cluster.env, TMPDIR: temporary, REHEARSE_ON: 'slurm', REHEARSE_JUNIT: path.join(cluster.tool.directory, 'cache', 'report.xml') };
	const { exitCode, stderr } = await cluster.tool.rehearse(['fleet', plan, '--shuffle', '4', '--shards', '2', '--out', 'night'], { env });
	// The QEMU of the hosts is too old: that is what came of both.
	t.is(exitCode, 3, stderr);
	t.deepEqual((await readdir(path.join(cluster.tool.directory, 'night'))).sort(), ['shard-1-of-2', 'shard-2-of-2']);
	t.regex(await readFile(env.REHEARSE_JUNIT, 'utf8'), /QEMU/);
	t.deepEqual(await readdir(temporary), []);
	t.deepEqual(await left(cluster), []);
});

test('a host that does not see the directory says so', async (t) => {
	const cluster = await makeCluster(t, {});
	const argv = ['bin/lib/slurm-job.sh', path.join(cluster.directory, 'nowhere'), '2', process.execPath, 'main.js'] as const;
	const { exitCode, stderr } = await run(argv, { allowFailure: true, env: { SLURM_ARRAY_TASK_ID: '1', SLURMD_NODENAME: 'two' } });
	t.is(exitCode, 3);
	t.regex(stderr, /nowhere is not to be seen from two\nhint: .*--out/);
});

test('without Slurm, without its controller, with too large a lab: said at once', async (t) => {
	const none = await makeCluster(t, {}, ['sinfo', 'sbatch']);
	const missing = await none.tool.rehearse(fleet(), { env: none.env });
	t.is(missing.exitCode, 3);
	t.regex(missing.stderr, /sinfo was not found: this machine submits no jobs to a Slurm/);
	const away = await makeCluster(t, {});
	await writeFile(path.join(away.directory, 'config.json'), '{}');
	const unreachable = await away.tool.rehearse(fleet(), { env: away.env });
	t.is(unreachable.exitCode, 3);
	t.regex(unreachable.stderr, /no controller of Slurm answers sinfo\n +slurm_load_partitions: Unable to contact/);
	const small = await makeCluster(t, { hosts: ['one|idle|1024|2', 'three|down*|65536|64'] });
	const impossible = await small.tool.rehearse(fleet(), { env: small.env });
	t.is(impossible.exitCode, 3);
	t.regex(impossible.stderr, /a job needs 1\.9 GiB of memory, .*one, has 1 GiB/);
	t.deepEqual(await small.submitted(), []);
	t.false(existsSync(path.join(small.tool.directory, 'night')));
});

test('flags that do not go together', async (t) => {
	const { tool, env } = await makeCluster(t, {});
	for (const [args, message] of [
		[['--shard', '1/2'], /--shard does a part here/],
		[['--shards', '0'], /--shards: expected/],
	] as const) {
		const { exitCode, stderr } = await tool.rehearse(fleet(args), { env });
		t.is(exitCode, 2);
		t.regex(stderr, message);
	}
	for (const flag of ['--shards', '--wait']) t.is((await tool.rehearse(['fleet', plan, flag, '3'])).exitCode, 2);
	t.is((await tool.rehearse(['doctor', '--wait', '3'])).exitCode, 2);
});

test('doctor asks each host that takes jobs, and says what it lacks', async (t) => {
	const cluster = await makeCluster(t, { bare: ['two'] });
	const { exitCode, stdout, stderr } = await cluster.tool.rehearse(['doctor', '--on', 'slurm'], { env: cluster.env });
	t.is(exitCode, 3, stderr);
	t.regex(stdout, /✖ one: a rehearsal cannot run yet\n(?:.*\n)*? +too old: QEMU: 1\.0/);
	t.regex(stdout, /✖ two: it has no .*node, which has to be at the same path as here\n– three: gets no jobs \(down\*\)\n\nA rehearsal can run on 0 of 2 hosts/);
	const json = await cluster.tool.rehearse(['doctor', '--on', 'slurm', '--json'], { env: cluster.env });
	const { can_run, hosts } = JSON.parse(json.stdout) as { can_run: boolean; hosts: readonly { host: string; can_run: boolean; requirements?: readonly { id: string; status: string }[] }[] };
	t.false(can_run);
	t.deepEqual(hosts.map(({ host }) => host), ['one', 'two', 'three']);
	t.like(hosts[0]?.requirements?.find(({ id }) => id === 'qemu'), { status: 'too old' });
});
