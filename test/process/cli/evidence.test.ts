/** A run as evidence: exported, looked over, and every changed byte found. */
import { appendFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import ava, { type ExecutionContext } from 'ava';
import { sha256 } from '../../../src/base/hash.js';
import { verifyCommand } from '../../../src/commands/verify.js';
import { sumsOf } from '../../../src/evidence/sums.js';
import { scriptsHash } from '../../../src/lab/script-bytes.js';
import { run } from '../../../src/process/run.js';
import { isEvil } from '../../unit/base/evil.js';
import type { Faults } from '../../unit/page/runs.js';
import { agreesOnSigned, sbomErrors, statementErrors } from '../evidence/formats.js';
import { filesIn, makeRun, signing, type FinishedRun } from './finished-run.js';

/** Each starts the tool several times; all at once they would wait for each other for longer than a command may take. */
const test = ava.serial;

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
	t.regex(verified.stdout, /signed by ann@example\.org, an allowed signer \(as Ann Auditor, reviewed, /);
	await run(['sha256sum', '--check', '--strict', 'SHA256SUMS'], { cwd: out });
	const sums = await readFile(path.join(out, 'SHA256SUMS'));
	await run(['ssh-keygen', '-Y', 'verify', '-f', tool.signers, '-I', 'ann@example.org', '-n', 'file', '-s', path.join(out, 'SHA256SUMS.sig')], { input: sums });
	const statement = await readFile(path.join(out, 'test-result.intoto.json'));
	t.is(statementErrors(statement.toString()), '');
	t.true(agreesOnSigned('application/vnd.in-toto+json', statement));
	t.is(await sbomErrors(await readFile(path.join(out, 'sbom', 'abcd.cdx.json'), 'utf8')), '');
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
	// Every file at one place, some at two, spread over their lengths. In this process: the tool would have to start each time.
	for (const [index, file] of [...files, ...files.slice(0, 4)].entries()) {
		const contents = await readFile(file);
		const at = (index * 7919) % contents.length;
		const changed = Buffer.from(contents);
		changed[at] = (changed[at] ?? 0) ^ (1 << index % 8);
		await writeFile(file, changed);
		let printed = '';
		const terminal = { stdout: { write: (text: string) => void (printed += text) } };
		const exitCode = await verifyCommand({ directory: out, allowedSigners: undefined, json: false, terminal });
		const name = path.relative(out, file);
		t.is(exitCode, 1, `${name} at ${at}`);
		t.true(printed.includes(`✖ ${name}: `), `${name} at ${at}: ${printed}`);
		await writeFile(file, contents);
	}
	t.is((await tool.rehearse(['verify', out])).exitCode, 0);
});

test('a statement that says more or less than the events, and a signature that is gone, are found though all sums are right', async (t) => {
	const tool = await makeRun(t);
	const out = path.join(tool.directory, 'evidence');
	const statement = path.join(out, 'test-result.intoto.json');
	const verified = async () => {
		const files = await filesIn(out);
		const read = files.map(async (file) => ({ path: path.relative(out, file), contents: await readFile(file) }));
		await writeFile(path.join(out, 'SHA256SUMS'), sumsOf((await Promise.all(read)).filter((file) => !file.path.startsWith('SHA256SUMS'))));
		return tool.rehearse(['verify', out]);
	};
	await tool.rehearse(['export', '--out', out]);
	t.is((await verified()).exitCode, 0);
	const intact = await readFile(statement, 'utf8');
	const changed = async (change: (predicate: Record<string, unknown>) => object) => {
		const value = JSON.parse(intact) as { predicate: Record<string, unknown> };
		await writeFile(statement, JSON.stringify({ ...value, predicate: { ...value.predicate, ...change(value.predicate) } }));
		return (await verified()).stdout;
	};
	t.regex(await changed(({ passedTests }) => ({ passedTests: [...(passedTests as string[]), 'test everything/redis: all is well'] })), /^✖ test-result\.intoto\.json: its tests are not those of the events$/m);
	t.regex(await changed(() => ({ configuration: [] })), /^✖ test-result\.intoto\.json: it does not have the digest of events\.ndjson$/m);
	await rm(out, { recursive: true });
	await tool.rehearse(['export', '--out', out, ...signing(tool)]);
	await rm(path.join(out, 'SHA256SUMS.sig'));
	const unsigned = await tool.rehearse(['verify', out]);
	t.is(unsigned.exitCode, 1);
	t.regex(unsigned.stdout, /^✖ test-result\.intoto\.json: it names a signer, and a signature is missing$/m);
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

test('with several allowed signers, it shows who has signed and not what name was given; and both signatures are by one key', async (t) => {
	const tool = await makeRun(t);
	const out = path.join(tool.directory, 'evidence');
	await tool.rehearse(['export', '--out', out, '--sign', tool.key, '--signer', 'Bob', '--meaning', 'reviewed']);
	const bob = path.join(tool.directory, 'bob');
	await run(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', bob]);
	await writeFile(tool.signers, `${await readFile(tool.signers, 'utf8')}\nbob@example.org ${await readFile(`${bob}.pub`, 'utf8')}`);
	const { stdout } = await tool.rehearse(['verify', out, '--allowed-signers', tool.signers]);
	t.regex(stdout, /signed by ann@example\.org, an allowed signer \(as Bob, reviewed, /);
	const { stdout: json } = await tool.rehearse(['verify', out, '--allowed-signers', tool.signers, '--json']);
	t.is((JSON.parse(json) as { signed_by: string }).signed_by, 'ann@example.org');
	await run(['ssh-keygen', '-Y', 'sign', '-f', bob, '-n', 'file', path.join(out, 'SHA256SUMS')], { input: 'y\n', allowFailure: true });
	const mixed = await tool.rehearse(['verify', out, '--allowed-signers', tool.signers]);
	t.is(mixed.exitCode, 1);
	t.regex(mixed.stdout, /^✖ test-result\.dsse\.json: none of the allowed signers has signed it$/m);
});

test('what a stranger has written into an export moves no cursor and commands no CI runner', async (t) => {
	const tool = await makeRun(t);
	const out = path.join(tool.directory, 'evidence');
	const evil = '\x1b[2J\x9b31m\u202e ::error::y ##[error]z';
	await tool.rehearse(['export', '--out', out, '--sign', tool.key, '--signer', evil.replace('\x1b', ''), '--meaning', evil.replace('\x1b', '')]);
	for (const args of [[], ['--json']]) {
		const { stdout, stderr } = await tool.rehearse(['verify', out, ...args]);
		t.false(isEvil(stdout + stderr), JSON.stringify(stdout + stderr));
	}
	await writeFile(path.join(out, evil), '');
	for (const args of [[], ['--json']]) {
		const { exitCode, stdout, stderr } = await tool.rehearse(['verify', out, ...args]);
		t.is(exitCode, 1);
		t.false(isEvil(stdout + stderr), JSON.stringify(stdout + stderr));
	}
});

const refused = ava.macro({
	async exec(t: ExecutionContext, faults: Faults, prepare: (tool: FinishedRun) => Promise<unknown>, reason: RegExp) {
		const tool = await makeRun(t, faults);
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
test('a run of --only redis', refused, { only: 'redis' }, nothing, /came from a checkpoint\n.*it was not whole: 3 of its startup scripts did not run/);
test('an edited plan', refused, {}, ({ directory }) => appendFile(path.join(directory, 'lab', 'plan.json'), '\n'), /its plan or one of its scripts was edited since/);
test('a plan that is gone', refused, {}, ({ directory }) => rm(path.join(directory, 'lab'), { recursive: true }), /its plan cannot be read any more/);

test('a signature takes key, name and meaning', async (t) => {
	const tool = await makeRun(t);
	const { exitCode, stderr } = await tool.rehearse(['export', '--out', 'evidence', '--sign', tool.key]);
	t.is(exitCode, 2);
	t.regex(stderr, /a signature takes a key, a name and a meaning/);
});

/** Files beside an ISO of `redis`, as `rehearse iso` writes them; the ISO itself is any bytes. */
async function makeIso({ directory, lab }: FinishedRun): Promise<string> {
	const isos = path.join(directory, 'isos');
	const place = (name: string) => path.join(isos, 'redis', name);
	await mkdir(path.join(isos, 'redis'), { recursive: true });
	await writeFile(place('redis.iso'), 'a medium');
	await writeFile(place('redis.iso.sha256'), `${sha256('a medium')}  redis.iso\n`);
	const node = lab.nodes.find(({ name }) => name === 'redis');
	await writeFile(place('recipe_hash'), `${node?.recipeSha256}\n`);
	await writeFile(place('scripts_hash'), `${scriptsHash(node?.startupScripts ?? [])}\n`);
	for (const name of ['dpkg-manifest', 'squashfs-hashes.sha256']) await writeFile(place(name), `${name}\n`);
	return isos;
}

test('the digest of an ISO is a subject of the statement, and what lies beside it is vouched for', async (t) => {
	const tool = await makeRun(t);
	const out = path.join(tool.directory, 'evidence');
	const exported = await tool.rehearse(['export', '--out', out, '--isos', await makeIso(tool)]);
	t.is(exported.exitCode, 0, exported.stderr);
	const { subject } = JSON.parse(await readFile(path.join(out, 'test-result.intoto.json'), 'utf8')) as { subject: { name: string; digest: object }[] };
	t.deepEqual(subject.at(-1), { name: 'redis.iso', digest: { sha256: sha256('a medium') } });
	t.is((await tool.rehearse(['verify', out])).exitCode, 0);

	// Somebody who makes the list of sums anew all the same has other digests than the statement.
	await writeFile(path.join(out, 'isos', 'redis', 'redis.iso.sha256'), `${sha256('another')}  redis.iso\n`);
	await writeFile(path.join(out, 'SHA256SUMS'), (await run(['sh', '-c', "find . -type f ! -name SHA256SUMS -printf '%P\\0' | LC_ALL=C sort -z | xargs -0 sha256sum"], { cwd: out })).stdout + '\n');
	const { stdout, exitCode } = await tool.rehearse(['verify', out]);
	t.is(exitCode, 1);
	t.regex(stdout, /^✖ test-result\.intoto\.json: its subjects are not /m);
});

test('the ISO that was booted is evidence, and no other in its place', async (t) => {
	const tool = await makeRun(t, { isos: { redis: sha256('a medium') } });
	const out = path.join(tool.directory, 'evidence');
	const exported = await tool.rehearse(['export', '--out', out, '--isos', await makeIso(tool)]);
	t.is(exported.exitCode, 0, exported.stderr);
	t.is((await tool.rehearse(['verify', out])).exitCode, 0);
	await writeFile(path.join(out, 'isos', 'redis', 'redis.iso.sha256'), `${sha256('another')}  redis.iso\n`);
	const { stdout, exitCode } = await tool.rehearse(['verify', out]);
	t.is(exitCode, 1);
	t.regex(stdout, /^✖ isos\/redis\/redis\.iso\.sha256: its digest is not that of the ISO that redis booted in the run$/m);
});

const badIso = ava.macro({
	async exec(t: ExecutionContext, change: (directory: string) => Promise<unknown>, reason: RegExp, faults: Faults = {}) {
		const tool = await makeRun(t, faults);
		const isos = await makeIso(tool);
		await change(path.join(isos, 'redis'));
		const { exitCode, stderr } = await tool.rehearse(['export', '--out', 'evidence', '--isos', isos]);
		t.is(exitCode, 2);
		t.regex(stderr, reason);
		t.regex(stderr, /hint: make them of the plan as it is: rehearse iso .*plan\.json --out /);
	},
	title: (title = '') => `no evidence: ${title}`,
});

test('an ISO of other bytes', badIso, (directory) => appendFile(path.join(directory, 'redis.iso'), '!'), /redis\.iso is not the one that redis\.iso\.sha256 is of/);
test('an ISO of another recipe', badIso, (directory) => writeFile(path.join(directory, 'recipe_hash'), 'f'.repeat(64)), /redis\/recipe_hash: it is not the hash of the recipe that the plan has for redis/);
test('an ISO of other startup scripts', badIso, (directory) => writeFile(path.join(directory, 'scripts_hash'), `${scriptsHash([{ name: 'redis', text: 'true\n' }])}\n`), /redis\/scripts_hash: it is not the hash of the startup scripts that the plan has for redis/);
test('an ISO of which nothing shows its startup scripts', badIso, (directory) => rm(path.join(directory, 'scripts_hash')), /redis\.iso has no scripts_hash beside it/);
test('an ISO that was not booted', badIso, nothing, /redis\/redis\.iso\.sha256: its digest is not that of the ISO that redis booted in the run$/m, { isos: { redis: 'f'.repeat(64) } });
test('an ISO without its packages', badIso, (directory) => rm(path.join(directory, 'dpkg-manifest')), /redis\.iso has no dpkg-manifest beside it/);
test('no ISO at all', badIso, (directory) => rm(directory, { recursive: true }), /it has none of this lab/);
