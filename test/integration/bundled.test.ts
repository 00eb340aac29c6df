/**
 * The bundled lab as it is, in a job of GitHub Actions as bin/help/ci.md has it: everything passes, every report has that, the
 * run is evidence, no declared password is in anything of it, and nothing is left behind.
 */
import { cp, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { RunEvent } from '../../src/lab/events.js';
import { emptyRun, foldEvent } from '../../src/outcome/fold.js';
import { resultOf, type RunResult } from '../../src/outcome/result.js';
import { bundledLabsDirectory } from '../../src/plan/find.js';
import { run as runProgram } from '../../src/process/run.js';
import { filesIn } from '../process/cli/finished-run.js';
import { githubJob, shells, stepsOf } from '../process/cli/workflows.js';
import { sbomErrors, statementErrors } from '../process/evidence/formats.js';
import { makeSandbox, type Sandbox } from './support/sandbox.js';
import { runStep, runTool, type Ended } from './support/tool.js';
import { bundledLab } from './support/labs.js';

const nodes = ['immich-server', 'immich-ml', 'postgres-pgvector', 'redis'];

/** Runs the job of the workflow of bin/help/ci.md in a directory of its own: the lab in `my-lab`, this checkout in `.rehearse`. */
async function runJob(t: ExecutionContext, sandbox: Sandbox): Promise<{ readonly job: string; readonly ended: Ended }> {
	const job = path.join(sandbox.path, 'job');
	await mkdir(job);
	await cp(path.join(bundledLabsDirectory(), bundledLab), path.join(job, 'my-lab'), { recursive: true });
	await symlink(process.cwd(), path.join(job, '.rehearse'));
	const steps = stepsOf(false).flatMap((step) => step.run ?? []);
	t.is(steps.length, 1);
	return { job, ended: await runStep(sandbox, job, shells.github(steps[0] ?? ''), githubJob(job, path.join(job, 'summary.md'))) };
}

/** The run as evidence, which tools of others verify. Resolves to the directory. */
async function isEvidence(t: ExecutionContext, sandbox: Sandbox): Promise<string> {
	const place = (name: string) => path.join(sandbox.path, name);
	await runProgram(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', place('key')]);
	await writeFile(place('signers'), `ann@example.org ${await readFile(place('key.pub'), 'utf8')}`);
	const out = place('evidence');
	const exported = await runTool(sandbox, ['export', '--out', out, '--sign', place('key'), '--signer', 'Ann Auditor', '--meaning', 'reviewed']);
	t.is(exported.status, 0, exported.stderr);
	const verified = await runTool(sandbox, ['verify', out, '--allowed-signers', place('signers')]);
	t.is(verified.status, 0, verified.stdout);
	const input = await readFile(path.join(out, 'SHA256SUMS'));
	await runProgram(['ssh-keygen', '-Y', 'verify', '-f', place('signers'), '-I', 'ann@example.org', '-n', 'file', '-s', path.join(out, 'SHA256SUMS.sig')], { input });
	await runProgram(['sha256sum', '--check', '--strict', 'SHA256SUMS'], { cwd: out });
	t.is(statementErrors(await readFile(path.join(out, 'test-result.intoto.json'), 'utf8')), '');
	const boms = await readdir(path.join(out, 'sbom'));
	t.is(boms.length, 3, 'one for each image');
	for (const bom of boms) t.is(await sbomErrors(await readFile(path.join(out, 'sbom', bom), 'utf8')), '', bom);
	return out;
}

test('immich-photo-vault passes', async (t) => {
	// Its images may have to be built first.
	t.timeout(20 * 60_000);
	const sandbox = await makeSandbox(t);
	const { job, ended } = await runJob(t, sandbox);
	t.is(ended.status, 0, ended.stderr + ended.stdout);
	t.deepEqual(await sandbox.leftovers(0), []);
	const [run = '', ...others] = await sandbox.runs();
	t.deepEqual(others, []);
	const result = JSON.parse(await readFile(path.join(run, 'result.json'), 'utf8')) as RunResult;

	t.deepEqual(Object.keys(result), [
		...['schema', 'lab', 'plan_sha256', 'verdict', 'accelerator', 'cold', 'ms', 'stages', 'nodes', 'tests', 'warnings', 'left_out'],
	]);
	t.like(result, { schema: 1, lab: bundledLab, verdict: 'passed', cold: true });
	t.regex(result.plan_sha256, /^[0-9a-f]{64}$/);
	t.regex(result.accelerator?.name ?? '', /^(?:kvm|tcg)$/);
	t.regex(result.accelerator?.reason ?? '', /\w/);
	t.is(result.warnings.length, 9);
	t.deepEqual(result.left_out, []);

	// Where images had to be built, what was prepared for each node has events of the node.
	const ofLab = (name: string) => ['images', 'seeds', 'checkpoints'].includes(name);
	const ofStages = [...new Set(result.stages.map(({ name, node, status }) => `${[name, ofLab(name) ? undefined : node].filter(Boolean).join(' of ')}: ${status}`))];
	const ofNodes = nodes.flatMap((node) => [`boot of ${node}`, `startup of ${node}`]);
	const expectedStages = ['images', 'accelerator', 'seeds', 'checkpoints', 'network', ...ofNodes, 'scenario', 'teardown'];
	t.deepEqual(ofStages.toSorted(), expectedStages.map((name) => `${name}: passed`).toSorted());

	t.deepEqual(
		result.nodes.map(({ startup, ...node }) => ({ ...node, startup: startup.map(({ ms: _ms, ...script }) => script) })),
		nodes.map((name) => ({ name, status: 'passed', login: { user: 'ops', port: 22, status: 'passed' }, origin: { from: 'power-on' }, startup: [{ script: name, status: 'passed', exit_code: 0 }] })),
	);
	t.deepEqual(
		result.tests.map(({ name, status, assertions }) => [name, status, assertions.length]),
		[
			['Stack ports listen', 'passed', 6],
			['Server pings', 'passed', 1],
			['ML pings', 'passed', 1],
			['Server reaches backends', 'passed', 1],
			['Postgres bootstrap SQL present', 'passed', 1],
		],
	);
	for (const assertion of result.tests.flatMap(({ assertions }) => assertions)) {
		t.deepEqual(Object.keys(assertion), ['type', 'on_vm', 'status', 'ms', 'attempts']);
		t.is(assertion.status, 'passed');
		t.true(assertion.attempts >= 1 && assertion.ms > 0);
	}

	const junit = await readFile(path.join(job, 'report.xml'), 'utf8');
	t.is(junit.match(/<testcase\b/g)?.length, 18, 'four scripts, four logins and ten assertions');
	t.notRegex(junit, /<(?:failure|error|skipped)\b/);

	const kept = await readdir(run);
	for (const name of ['consoles', 'events.ndjson', 'report.html', 'result.json', 'seeds']) t.true(kept.includes(name), name);
	for (const name of ['disks', 'pid']) t.false(kept.includes(name), name);
	t.deepEqual((await readdir(path.join(run, 'consoles'))).toSorted(), nodes.map((name) => `${name}.log`).toSorted());
	t.deepEqual((await readdir(path.join(run, 'seeds'))).toSorted(), nodes.map((name) => `${name}.iso`).toSorted());
	for (const name of nodes) t.true((await stat(path.join(run, 'consoles', `${name}.log`))).size > 0, name);

	const page = await readFile(path.join(job, 'report.html'), 'utf8');
	t.regex(page, /<h1>immich-photo-vault passed in /);
	const logs = Buffer.byteLength(/<section id="logs"[^]*?<\/section>/.exec(page)?.[0] ?? '');
	t.true(logs > 0);
	t.true(Buffer.byteLength(page) - logs < 150_000, `${Buffer.byteLength(page)} bytes, ${logs} of them logs`);

	// The job: what it prints is folded, and beside that no command to the runner; its summary has a drawing.
	t.deepEqual(ended.stderr.split('\n').filter((line) => /^\s*::/.test(line)), ['::group::rehearse run my-lab', '::endgroup::']);
	t.regex(await readFile(path.join(job, 'summary.md'), 'utf8'), /^## ✔ passed immich-photo-vault passed in .*```mermaid\nflowchart TD\n/s);

	// Seeds have passwords hashed, what was handed in is the plan as it is, and everything else has them masked.
	await writeFile(path.join(job, 'printed'), ended.stdout + ended.stderr);
	const written = [run, await isEvidence(t, sandbox)].map(filesIn);
	const files = [...(await Promise.all(written)).flat(), ...['printed', 'report.html', 'report.xml', 'summary.md'].map((name) => path.join(job, name))];
	const holding = [];
	for (const file of files) if ((await readFile(file, 'latin1')).includes('immich-ops')) holding.push(path.relative(sandbox.path, file));
	t.deepEqual(holding, ['evidence/build-plan.json']);

	const events = (await readFile(path.join(run, 'events.ndjson'), 'utf8')).trimEnd().split('\n');
	const state = events.map((line) => JSON.parse(line) as RunEvent).reduce(foldEvent, emptyRun());
	t.deepEqual(JSON.parse(JSON.stringify(resultOf(state))), result, 'the event log alone gives the result again');
});
