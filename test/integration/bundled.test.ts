/** The bundled lab as it is: everything passes, every report says so, and nothing is left behind. */
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import test from 'ava';
import type { RunEvent } from '../../src/lab/events.js';
import { emptyRun, foldEvent } from '../../src/outcome/fold.js';
import { resultOf } from '../../src/outcome/result.js';
import { makeSandbox } from './support/sandbox.js';
import { resultIn, runTool } from './support/tool.js';
import { bundledLab } from './support/labs.js';

const nodes = ['immich-server', 'immich-ml', 'postgres-pgvector', 'redis'];

test('immich-photo-vault passes', async (t) => {
	// Its images may have to be built first.
	t.timeout(20 * 60_000);
	const sandbox = await makeSandbox(t);
	const junitFile = path.join(sandbox.path, 'junit.xml');
	const ended = await runTool(sandbox, ['run', bundledLab, '--json', '--junit', junitFile]);
	t.is(ended.status, 0, ended.stderr + ended.stdout);
	t.deepEqual(await sandbox.leftovers(0), []);
	const result = resultIn(ended);

	t.deepEqual(Object.keys(result), [
		...['schema', 'lab', 'plan_sha256', 'verdict', 'accelerator', 'cold', 'ms', 'stages', 'nodes', 'tests', 'warnings', 'left_out'],
	]);
	t.like(result, { schema: 1, lab: bundledLab, verdict: 'passed', cold: true });
	t.regex(result.plan_sha256, /^[0-9a-f]{64}$/);
	t.regex(result.accelerator?.name ?? '', /^(?:kvm|tcg)$/);
	t.regex(result.accelerator?.reason ?? '', /\w/);
	t.is(result.warnings.length, 9);
	t.deepEqual(result.left_out, []);

	const ofStages = result.stages.map(({ name, node, status }) => `${[name, node].filter(Boolean).join(' of ')}: ${status}`);
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

	const junit = await readFile(junitFile, 'utf8');
	t.is(junit.match(/<testcase\b/g)?.length, 18, 'four scripts, four logins and ten assertions');
	t.notRegex(junit, /<(?:failure|error|skipped)\b/);

	const [run = '', ...others] = await sandbox.runs();
	t.deepEqual(others, []);
	const kept = await readdir(run);
	for (const name of ['consoles', 'events.ndjson', 'report.html', 'result.json', 'seeds']) t.true(kept.includes(name), name);
	for (const name of ['disks', 'pid']) t.false(kept.includes(name), name);
	t.deepEqual((await readdir(path.join(run, 'consoles'))).toSorted(), nodes.map((name) => `${name}.log`).toSorted());
	t.deepEqual((await readdir(path.join(run, 'seeds'))).toSorted(), nodes.map((name) => `${name}.iso`).toSorted());
	for (const name of nodes) t.true((await stat(path.join(run, 'consoles', `${name}.log`))).size > 0, name);

	// Seeds have passwords hashed, and everything else has them masked.
	const files = (await readdir(run, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
	for (const { parentPath, name } of files) t.false((await readFile(path.join(parentPath, name), 'latin1')).includes('immich-ops'), name);
	const page = await readFile(path.join(run, 'report.html'), 'utf8');
	t.regex(page, /<h1>immich-photo-vault passed in /);
	t.true(Buffer.byteLength(page) < 150_000 + nodes.length * 2 * 30_000);

	t.deepEqual(JSON.parse(await readFile(path.join(run, 'result.json'), 'utf8')), result);
	const events = (await readFile(path.join(run, 'events.ndjson'), 'utf8')).trimEnd().split('\n');
	const state = events.map((line) => JSON.parse(line) as RunEvent).reduce(foldEvent, emptyRun());
	t.deepEqual(JSON.parse(JSON.stringify(resultOf(state))), result, 'the event log alone gives the result again');
});
