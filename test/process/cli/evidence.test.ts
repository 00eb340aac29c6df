/** A run as evidence: exported, looked over, and every changed byte found. */
import { appendFile, cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { readGuestDefinition } from '../../../src/image/guest.js';
import type { Lab } from '../../../src/lab/lab.js';
import { maskEvent, masksOf } from '../../../src/lab/mask.js';
import { readPlan } from '../../../src/plan/read.js';
import { resolveLab } from '../../../src/plan/resolve.js';
import { run } from '../../../src/process/run.js';
import { eventsOf, type Troubles } from '../../unit/page/runs.js';
import { makeRehearse, type Rehearse } from './rehearse.js';

interface Exported extends Rehearse {
	readonly lab: Lab;
	/** Directory of the run. */
	readonly run: string;
	/** Files in the directory of the tool. */
	readonly key: string;
	readonly signers: string;
}

/** The bundled lab in a directory of its own, and a run of it as a rehearsal leaves it. */
async function makeRun(t: ExecutionContext, troubles: Troubles = {}): Promise<Exported> {
	const tool = await makeRehearse(t);
	const home = path.join(tool.directory, 'lab');
	await cp(path.resolve('cloud-init', 'labs', 'immich-photo-vault'), home, { recursive: true });
	const lab = resolveLab(await readPlan(path.join(home, 'plan.json')), await readGuestDefinition());
	const runDirectory = path.join(tool.directory, 'state', 'rehearse', 'runs', '20260101T000000-immich-photo-vault-aaaa');
	await mkdir(path.join(runDirectory, 'consoles'), { recursive: true });
	const mask = masksOf(lab, false).text;
	const events = eventsOf(lab, { ...troubles, runDirectory }).map((event) => maskEvent(event, mask));
	await writeFile(path.join(runDirectory, 'events.ndjson'), events.map((event) => `${JSON.stringify(event)}\n`).join(''));
	await writeFile(path.join(runDirectory, 'consoles', 'redis.log'), 'redis login:\n');
	const machines = {
		schema: 1,
		versions: { rehearse: '0.1.0', qemu: '10.0.2' },
		machines: lab.nodes.map(({ name: node }) => ({ node, image: 'abcd' })),
		images: [{ key: 'abcd', packages: ['bash 5.2.37-2 amd64 bash 5.2.37-2', 'adduser 3.152'] }],
	};
	await writeFile(path.join(runDirectory, 'machines.json'), `${JSON.stringify(machines)}\n`);
	const [key, signers] = [path.join(tool.directory, 'key'), path.join(tool.directory, 'signers')];
	await run(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', key]);
	await writeFile(signers, `ann@example.org ${await readFile(`${key}.pub`, 'utf8')}`);
	return { ...tool, lab, run: runDirectory, key, signers };
}

const signing = ({ key }: Exported): string[] => ['--sign', key, '--signer', 'Ann Auditor', '--meaning', 'reviewed'];

const filesIn = async (directory: string): Promise<string[]> =>
	(await readdir(directory, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name)).sort();

test('a passed, cold and whole run is exported, signed, and valid; tools of others agree', async (t) => {
	const tool = await makeRun(t);
	const out = path.join(tool.directory, 'evidence');
	const exported = await tool.rehearse(['export', '--out', out, ...signing(tool)]);
	t.is(exported.exitCode, 0, exported.stderr);
	t.regex(exported.stdout, /: 16 files, signed by Ann Auditor\n/);
	t.deepEqual(await readFile(path.join(out, 'build-plan.json')), await readFile(tool.lab.planPath));
	t.regex(await readFile(path.join(out, 'report.html'), 'utf8'), /Signed: <b>Ann Auditor<\/b>, reviewed/);

	const verified = await tool.rehearse(['verify', out, '--allowed-signers', tool.signers]);
	t.is(verified.exitCode, 0, verified.stdout);
	t.regex(verified.stdout, /signed by an allowed signer \(Ann Auditor, reviewed, /);
	await run(['sha256sum', '--check', '--strict', 'SHA256SUMS'], { cwd: out });
	const sums = await readFile(path.join(out, 'SHA256SUMS'));
	await run(['ssh-keygen', '-Y', 'verify', '-f', tool.signers, '-I', 'ann@example.org', '-n', 'file', '-s', path.join(out, 'SHA256SUMS.sig')], { input: sums });
});

test('no declared password is in an export, but in the plan as it is', async (t) => {
	const tool = await makeRun(t, { output: 'Password: immich-ops\n' });
	const out = path.join(tool.directory, 'evidence');
	await tool.rehearse(['export', '--out', out]);
	const holding = [];
	for (const file of [...(await filesIn(out)), ...(await filesIn(tool.run))]) if ((await readFile(file, 'latin1')).includes('immich-ops')) holding.push(path.basename(file));
	t.deepEqual(holding, ['build-plan.json']);
});

test('one changed byte anywhere is found, and the file is named', async (t) => {
	const tool = await makeRun(t);
	const out = path.join(tool.directory, 'evidence');
	await tool.rehearse(['export', '--out', out, ...signing(tool)]);
	const files = await filesIn(out);
	t.is(files.length, 16);
	// Every file at one place, some at two, spread over their lengths.
	for (const [index, file] of [...files, ...files.slice(0, 4)].entries()) {
		const contents = await readFile(file);
		const at = (index * 7919) % contents.length;
		const changed = Buffer.from(contents);
		changed[at] = (changed[at] ?? 0) ^ (1 << index % 8);
		await writeFile(file, changed);
		const { exitCode, stdout } = await tool.rehearse(['verify', out]);
		const name = path.relative(out, file);
		t.is(exitCode, 1, `${name} at ${at}`);
		t.true(stdout.includes(`✖ ${name}: `), `${name} at ${at}: ${stdout}`);
		await writeFile(file, contents);
	}
	t.is((await tool.rehearse(['verify', out])).exitCode, 0);
});

test('a missing file, one too many, and somebody else’s signature are found', async (t) => {
	const tool = await makeRun(t);
	const out = path.join(tool.directory, 'evidence');
	await tool.rehearse(['export', '--out', out, ...signing(tool)]);
	await writeFile(path.join(out, 'more'), 'x');
	t.regex((await tool.rehearse(['verify', out])).stdout, /^✖ more: it is not in SHA256SUMS$/m);
	await rm(path.join(out, 'more'));
	const other = path.join(tool.directory, 'other');
	await run(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', other]);
	await writeFile(tool.signers, `eve@example.org ${await readFile(`${other}.pub`, 'utf8')}`);
	const strange = await tool.rehearse(['verify', out, '--allowed-signers', tool.signers, '--json']);
	t.is(strange.exitCode, 1);
	const { problems } = JSON.parse(strange.stdout) as { problems: { file: string }[] };
	t.deepEqual(problems.map(({ file }) => file), ['SHA256SUMS.sig', 'test-result.dsse.json']);
	await rm(path.join(out, 'result.json'));
	t.regex((await tool.rehearse(['verify', out])).stdout, /^✖ result\.json: it is missing$/m);
});

const refused = test.macro({
	async exec(t: ExecutionContext, troubles: Troubles, prepare: (tool: Exported) => Promise<unknown>, reason: RegExp) {
		const tool = await makeRun(t, troubles);
		await prepare(tool);
		const { exitCode, stderr } = await tool.rehearse(['export', '--out', path.join(tool.directory, 'evidence')]);
		t.is(exitCode, 2);
		t.regex(stderr, reason);
		t.regex(stderr, /hint: rehearse it whole and cold: rehearse run immich-photo-vault --cold/);
		t.false((await tool.written()).some((file) => file.startsWith('evidence')));
	},
	title: (title = '') => `refused: ${title}`,
});

const nothing = () => Promise.resolve();
test('a warm run', refused, { isWarm: true }, nothing, /it was not cold: immich-server, immich-ml, postgres-pgvector, redis came from a checkpoint/);
test('a failed run', refused, { fails: { node: 'redis', line: 10, output: '' } }, nothing, /it has not passed: its verdict is "failed"/);
test('an edited script', refused, {}, ({ directory }) => appendFile(path.join(directory, 'lab', 'startup', 'redis.sh'), '\n'), /its plan or one of its scripts was edited since/);
test('an edited plan', refused, {}, ({ directory }) => appendFile(path.join(directory, 'lab', 'plan.json'), '\n'), /its plan or one of its scripts was edited since/);
test('a plan that is gone', refused, {}, ({ directory }) => rm(path.join(directory, 'lab'), { recursive: true }), /its plan cannot be read any more/);

test('a signature takes key, name and meaning', async (t) => {
	const tool = await makeRun(t);
	const { exitCode, stderr } = await tool.rehearse(['export', '--out', 'evidence', '--sign', tool.key]);
	t.is(exitCode, 2);
	t.regex(stderr, /a signature takes a key, a name and a meaning/);
});

test('reports of a run for CI, the page, and the graph of a lab', async (t) => {
	const tool = await makeRun(t, { fails: { node: 'redis', line: 10, output: '::error::owned\n' } });
	const page = await tool.rehearse(['report', '--html']);
	t.is(page.stdout, path.join(tool.run, 'report.html'));
	t.regex(await readFile(page.stdout, 'utf8'), /redis › line 10/);
	const inLab = { env: { GITHUB_ACTIONS: 'true' } };
	const github = await tool.rehearse(['report', '--format', 'github'], inLab);
	t.regex(github.stderr, /^::error file=lab\/startup\/redis\.sh,line=10,title=redis%3A startup script redis failed::/m);
	t.regex(github.stderr, /^::error file=lab\/plan\.json,line=\d+,title=Stack ports listen › redis failed::/m);
	const summary = await tool.rehearse(['report'], inLab);
	t.notRegex(summary.stdout, /^\s*::/m);
	const quality = JSON.parse((await tool.rehearse(['report', '--format', 'code-quality'])).stdout) as { location: { path: string } }[];
	t.deepEqual([...new Set(quality.map(({ location }) => location.path))], ['lab/startup/redis.sh', 'lab/plan.json']);
	t.regex((await tool.rehearse(['report', '--format', 'markdown'])).stdout, /^## ✖ failed immich-photo-vault/);
	t.regex((await tool.rehearse(['graph', 'lab', '--format', 'mermaid'])).stdout, /n0 -->\|"5432"\| n2/);
	t.is((await tool.rehearse(['graph', 'lab', '--out', 'lab.svg'])).exitCode, 0);
	t.regex(await readFile(path.join(tool.directory, 'lab.svg'), 'utf8'), /^<svg /);
});
