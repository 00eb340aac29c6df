/** A thousand damaged labs, made of good ones by a fixed seed: `check` reports what is wrong with each, and nothing worse. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { PassThrough } from 'node:stream';
import os from 'node:os';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { linesOf } from '../../../src/base/lines.js';
import { processorTimeMs } from '../../../src/base/proc.js';
import { withDeadline } from '../../../src/base/waiting.js';
import { startChild } from '../../../src/process/child.js';
import { Random } from '../../kills/random.js';
import { isEvil, isEvilJson } from '../../unit/base/evil.js';
import type { CheckAnswer, CheckRequest } from './checker.js';
import { damage, goodLabs, type LabFiles } from './damaged-plans.js';
import { makeRehearse } from './rehearse.js';

const count = 1000;
const seed = 20_261;

/** Of how many labs one is given to the program itself too. */
const every = 20;

/** How long one may take, in milliseconds of a processor, whatever else the host has to do; and how long it may wait for anything. */
const maximum = { processorMs: 5000, waitMs: 60_000 } as const;

test('a thousand damaged labs', async (t) => {
	t.timeout(60 * 60_000);
	const { rehearse } = await makeRehearse(t);
	const directory = await mkdtemp(path.join(os.tmpdir(), 'fuzz-'));
	t.teardown(() => rm(directory, { recursive: true, force: true }));
	const ask = await startChecker(t);
	const good = await goodLabs();
	const random = new Random(seed);
	const statuses = new Map<number, number>();
	for (let number = 0; number < count; number++) {
		const files = damage(random.pick(good), random);
		const isJson = random.next() < 0.5;
		const home = path.join(directory, String(number));
		const lab = await writeLab(home, files);
		const what = `lab ${number} of seed ${seed}: ${JSON.stringify([...files])}`;
		const answer = await ask({ lab, isJson }, what);
		judge(t, answer, isJson, what);
		if (number % every === 0) {
			const { stdout, stderr, exitCode } = await rehearse(['check', lab, ...(isJson ? ['--json'] : [])], { cwd: process.cwd() });
			t.deepEqual({ exitCode, stdout, stderr }, { ...answer, stdout: answer.stdout.trimEnd(), stderr: answer.stderr.trimEnd() }, what);
		}
		statuses.set(answer.exitCode, (statuses.get(answer.exitCode) ?? 0) + 1);
		await rm(home, { recursive: true });
	}
	t.log(`exit statuses: ${[...statuses].sort().map(([status, times]) => `${status} ${times} times`).join(', ')}`);
	t.true((statuses.get(0) ?? 0) > 50 && (statuses.get(2) ?? 0) > 500, 'some are still good, and most are not');
});

function judge(t: ExecutionContext, { exitCode, stdout, stderr }: CheckAnswer, isJson: boolean, what: string): void {
	const shown = `${what}\n${stdout}\n${stderr}`;
	if (exitCode !== 0 && exitCode !== 2) t.fail(`exit status ${exitCode}: ${shown}`);
	if (exitCode === 2 && stdout + stderr === '') t.fail(`refused without a message: ${shown}`);
	if ((isJson ? isEvilJson : isEvil)(stdout) || isEvil(stderr)) t.fail(`what moves a cursor, or commands: ${shown}`);
}

/** Starts a process that checks labs, and resolves to what asks it. That rejects when it crashes, or does not answer. */
async function startChecker(t: ExecutionContext): Promise<(request: CheckRequest, what: string) => Promise<CheckAnswer>> {
	const output = new PassThrough();
	const checker = await startChild([process.execPath, path.join(import.meta.dirname, 'checker.js')], {
		stdin: 'pipe',
		onStdout: (chunk) => void output.write(chunk),
	});
	t.teardown(() => checker.stop({ graceMs: 1000 }));
	const lines = linesOf(output);
	return async (request, what) => {
		const crash = checker.exited.then(({ exitCode, signal, recentStderr }) => {
			throw new Error(`it crashed (${signal ?? exitCode}): ${what}\n${recentStderr}`);
		});
		crash.catch(() => undefined);
		const before = processorTimeMs(checker.pid);
		checker.stdin?.write(`${JSON.stringify(request)}\n`);
		const answering = lines.next().then(({ value }) => JSON.parse(String(value)) as CheckAnswer);
		const answer = await withDeadline(Promise.race([answering, crash]), maximum.waitMs, () => new Error(`no answer in a minute: ${what}`));
		const ms = processorTimeMs(checker.pid) - before;
		if (ms > maximum.processorMs) t.fail(`it took ${ms} ms: ${what}`);
		return answer;
	};
}

/** Resolves to the path of its plan. */
async function writeLab(home: string, files: LabFiles): Promise<string> {
	for (const [name, text] of files) {
		await mkdir(path.dirname(path.join(home, name)), { recursive: true });
		await writeFile(path.join(home, name), text);
	}
	return path.join(home, [...files.keys()][0] ?? '');
}
