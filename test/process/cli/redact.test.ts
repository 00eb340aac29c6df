/** A run in one file without its passwords and keys; and runs whose passwords nobody can know. */
import { appendFile, cp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'ava';
import { readPlan } from '../../../src/plan/read.js';
import { run } from '../../../src/process/run.js';
import { announce, contentsOf, keepRun, runsOf } from './kept-runs.js';
import { makeRehearse } from './rehearse.js';

test('passwords and keys are left out when that is asked for', async (t) => {
	const tool = await makeRehearse(t);
	const directory = await keepRun(tool, '20260102T000000-web-bbbb', 'script-failed');
	const written = await tool.rehearse(['bundle', '--redact', '--out', 'redacted.tar.gz']);
	t.is(written.exitCode, 0, written.stderr);
	t.notRegex(written.stdout, /holds secrets/);
	const imported = await tool.rehearse(['open', 'redacted.tar.gz'], { env: { XDG_STATE_HOME: path.join(tool.directory, 'elsewhere') } });
	t.is(imported.exitCode, 0, imported.stderr);
	t.regex(imported.stdout, /its passwords and keys left out/);
	const files = await contentsOf(runsOf(tool, 'elsewhere'));
	t.deepEqual(Object.keys(files).filter((name) => /pair-ops|PRIVATE KEY/.test(files[name] ?? '')), []);
	t.regex(files[Object.keys(files).find((name) => name.endsWith('server.log')) ?? ''] ?? '', /Password: x{8}\n/);

	// A plan has more ways to write a password than anybody looks for.
	const plan = path.join(directory, 'plan', 'plan.yaml');
	const before = await readFile(plan, 'utf8');
	await writeFile(plan, before.replaceAll('password: pair-ops', 'password: "pair\\x2dops"'));
	await announce(directory, { planSha256: (await readPlan(plan)).sha256 });
	const escaped = await tool.rehearse(['bundle', '--redact', '--out', 'escaped.tar.gz']);
	t.is(escaped.exitCode, 4);
	t.regex(escaped.stderr, /plan\/plan\.yaml still contains: password of ops\nhint: write the password in the plan literally/);

	await rm(path.join(directory, 'plan'), { recursive: true });
	const unknown = await tool.rehearse(['bundle', '--redact', '--out', 'unknown.tar.gz']);
	t.is(unknown.exitCode, 2);
	t.regex(unknown.stderr, /the passwords of the plan are not known: .* has no copy of it\nhint: rehearse the lab again/);
	t.is((await tool.rehearse(['bundle', '--out', 'unknown.tar.gz'])).exitCode, 0);
});

test('a run whose copy of the plan is masked is searched for the passwords of the plan itself', async (t) => {
	const tool = await makeRehearse(t);
	const directory = await keepRun(tool, '20260102T000000-web-bbbb', 'script-failed');
	const copy = path.join(directory, 'plan', 'plan.yaml');
	const original = path.join(tool.directory, 'lab', 'plan.yaml');
	await cp(path.join(directory, 'plan'), path.dirname(original), { recursive: true });
	const text = await readFile(original, 'utf8');
	await writeFile(copy, text.replaceAll('pair-ops', '__password-of-ops__'));
	await announce(directory, { planPath: original });

	const written = await tool.rehearse(['bundle', '--redact', '--out', 'redacted.tar.gz']);
	t.is(written.exitCode, 0, written.stderr);
	const unpacked = await run(['tar', '--extract', '--gzip', '--to-stdout', '--file', path.join(tool.directory, 'redacted.tar.gz')]);
	t.notRegex(unpacked.stdout, /pair-ops/);
	t.regex(unpacked.stdout, /Password: x{8}\n/);

	await writeFile(original, `${text}# changed\n`);
	const changed = await tool.rehearse(['bundle', '--redact', '--out', 'changed.tar.gz']);
	t.is(changed.exitCode, 2);
	t.regex(changed.stderr, /passwords of this run are not known: .*masked.*has changed since\nhint: rehearse the lab again/);
});

test('nothing is redacted where a reload has brought passwords, or where the copy of the plan is not what was rehearsed', async (t) => {
	const tool = await makeRehearse(t);
	const directory = await keepRun(tool, '20260102T000000-web-bbbb', 'script-failed');
	const plan = path.join(directory, 'plan', 'plan.yaml');
	const before = (await readFile(plan, 'utf8')).replaceAll(', password: pair-ops', '');
	await writeFile(plan, before);
	await announce(directory, { planSha256: (await readPlan(plan)).sha256 });
	const redacted = (name: string) => tool.rehearse(['bundle', '--redact', '--out', `${name}.tar.gz`]);
	t.is((await redacted('none')).exitCode, 0);

	const reloaded = (newPasswords: boolean) => `${JSON.stringify({ at: 1, type: 'nodes-replaced', nodes: ['server'], planSha256: 'other', newPasswords })}\n`;
	const log = path.join(directory, 'events.ndjson');
	await appendFile(log, reloaded(false));
	t.is((await redacted('same')).exitCode, 0);
	await appendFile(log, reloaded(true) + reloaded(false));
	const further = await redacted('further');
	t.is(further.exitCode, 2);
	t.regex(further.stderr, /passwords of this run are not known: a reload has brought others.*\nhint: rehearse the lab again/);
	t.is((await tool.rehearse(['bundle', '--out', 'whole.tar.gz'])).exitCode, 0);
	const elsewhere = { env: { XDG_STATE_HOME: path.join(tool.directory, 'elsewhere') } };
	t.is((await tool.rehearse(['open', 'whole.tar.gz'], elsewhere)).exitCode, 0);
	const [opened = ''] = await readdir(runsOf(tool, 'elsewhere'));
	t.regex((await tool.rehearse(['bundle', opened, '--redact', '--out', 'on.tar.gz'], elsewhere)).stderr, /a reload has brought others/);

	const edited = await keepRun(tool, '20260103T000000-web-cccc', 'script-failed');
	await writeFile(path.join(edited, 'plan', 'plan.yaml'), before);
	const other = await redacted('edited');
	t.is(other.exitCode, 2);
	t.regex(other.stderr, /its copy of the plan is not all that was rehearsed, and .* has changed since/);
});

test('a run from elsewhere is redacted where its passwords are known, or were left out before', async (t) => {
	const tool = await makeRehearse(t);
	const directory = await keepRun(tool, 'run', 'script-failed');
	const original = path.join(tool.directory, 'lab', 'plan.yaml');
	await cp(path.join(directory, 'plan'), path.dirname(original), { recursive: true });
	await announce(directory, { planPath: original });
	const masked = (await readFile(original, 'utf8')).replaceAll('pair-ops', '__password-of-ops__');
	const again = async (...flags: string[]) => {
		await tool.rehearse(['bundle', 'run', '--out', 'one.tar.gz', ...flags]);
		const elsewhere = { env: { XDG_STATE_HOME: path.join(tool.directory, 'elsewhere') } };
		t.is((await tool.rehearse(['open', 'one.tar.gz'], elsewhere)).exitCode, 0);
		const [opened = ''] = await readdir(runsOf(tool, 'elsewhere'));
		const handedOn = await tool.rehearse(['bundle', opened, '--redact', '--out', 'two.tar.gz'], elsewhere);
		for (const made of ['elsewhere', 'one.tar.gz', 'two.tar.gz']) await rm(path.join(tool.directory, made), { recursive: true, force: true });
		return handedOn;
	};
	t.is((await again()).exitCode, 0);
	await writeFile(path.join(directory, 'plan', 'plan.yaml'), masked);
	t.is((await again('--redact')).exitCode, 0);
	t.regex((await again()).stderr, /they are masked in its copy of the plan, and it was rehearsed elsewhere\nhint: /);
});
