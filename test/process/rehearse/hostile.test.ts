/** Whole runs of a plan and of machines whose every word is meant to do harm where it is shown. */
import { readFile, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'ava';
import { programFile } from '../../../src/base/package-root.js';
import { run } from '../../../src/process/run.js';
import { evil, hasEvil, isEvil, isEvilJson } from '../../unit/base/evil.js';
import { makeFakeHost, type Behaviour } from '../mcp/fake-host.js';

const hostile = test.macro({
	title: (_title, behaviour: Behaviour) => `${behaviour}: nothing of it gets to a terminal, a log, a file or the page`,
	async exec(t, behaviour: Behaviour) {
		const host = await makeFakeHost(t);
		await host.writeLab('box');
		const plan = path.join(host.root, 'box', 'plan.yaml');
		await writeFile(plan, (await readFile(plan, 'utf8')).replace('It answers', JSON.stringify(`It answers ${evil}`)));
		await host.behave(behaviour);
		const [junit, quality] = ['junit.xml', 'quality.json'].map((name) => path.join(host.directory, name)) as [string, string];
		const argv = [process.execPath, programFile('main'), 'run', plan, '--cold', '--junit', junit, '--code-quality', quality] as const;
		const { stdout, stderr, exitCode } = await run(argv, { env: { ...host.env }, allowFailure: true, timeoutMs: 120_000 });
		t.is(exitCode, 1, stderr);
		const [directory = ''] = await readdir(host.runs);
		const kept = (name: string) => readFile(path.join(host.runs, directory, name), 'utf8');
		const texts = { stdout, stderr, junit: await readFile(junit, 'utf8'), page: await kept('report.html') };
		for (const [where, text] of Object.entries(texts)) t.false(isEvil(text), `${where}: ${JSON.stringify(text.split('\n').find(isEvil))}`);
		const log = await kept('events.ndjson');
		const json = { events: log.trimEnd().split('\n'), result: [await kept('result.json')], quality: [await readFile(quality, 'utf8')] };
		for (const [where, parts] of Object.entries(json)) {
			for (const part of parts) t.false(isEvilJson(part) || hasEvil(JSON.parse(part)), `${where}: ${part}`);
		}
		// It was tried.
		t.regex(log, /: :error file=x::y/);
		t.regex(stdout, /# #\[error\]v/);
	},
});

test.serial(hostile, 'evil');
test.serial(hostile, 'evil-passes');
