/** A thousand damaged labs, made of good ones by a fixed seed: `check` says what is wrong with each, and nothing worse. */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'ava';
import { Random } from '../../kills/random.js';
import { isEvil, isEvilJson } from '../../unit/base/evil.js';
import { damage, goodLabs, type LabFiles } from './damaged-plans.js';
import { makeRehearse } from './rehearse.js';

const count = 1000;
const seed = 20_261;

/** How many are looked at side by side. */
const lanes = 4;

/** How long one may take, in seconds of a processor; a busy host takes no part in that. One that waits for something is ended after a minute. */
const maximumSeconds = 5;

test('a thousand damaged labs', async (t) => {
	t.timeout(90 * 60_000);
	const { rehearse, directory } = await makeRehearse(t);
	const good = await goodLabs();
	const random = new Random(seed);
	const labs = Array.from({ length: count }, () => ({ files: damage(random.pick(good), random), isJson: random.next() < 0.5 }));
	const statuses = new Map<number, number>();
	let next = 0;
	const lane = async () => {
		for (let number = next++; number < count; number = next++) {
			const { files, isJson } = labs[number] as (typeof labs)[number];
			const home = path.join(directory, `lab-${number}`);
			const plan = await writeLab(home, files);
			// The kernel sends SIGXCPU to who takes longer.
			const { stdout, stderr, exitCode } = await rehearse(['check', plan, ...(isJson ? ['--json'] : [])], {
				through: ['prlimit', `--cpu=${maximumSeconds}:${maximumSeconds}`],
			});
			statuses.set(exitCode, (statuses.get(exitCode) ?? 0) + 1);
			const what = () => `lab ${number} of seed ${seed}: ${JSON.stringify([...files])}\n${stdout}\n${stderr}`;
			if (exitCode !== 0 && exitCode !== 2) t.fail(`exit status ${exitCode}: ${what()}`);
			if (exitCode === 2 && stdout + stderr === '') t.fail(`refused without a word: ${what()}`);
			if ((isJson ? isEvilJson : isEvil)(stdout) || isEvil(stderr)) t.fail(`what moves a cursor, or commands: ${what()}`);
			await rm(home, { recursive: true });
		}
	};
	await Promise.all(Array.from({ length: lanes }, lane));
	t.log(`exit statuses: ${[...statuses].sort().map(([status, times]) => `${status} ${times} times`).join(', ')}`);
	t.true((statuses.get(0) ?? 0) > 50 && (statuses.get(2) ?? 0) > 500, 'some are still good, and most are not');
});

/** Resolves to the path of its plan. */
async function writeLab(home: string, files: LabFiles): Promise<string> {
	for (const [name, text] of files) {
		await mkdir(path.dirname(path.join(home, name)), { recursive: true });
		await writeFile(path.join(home, name), text);
	}
	return path.join(home, [...files.keys()][0] ?? '');
}
