/**
 * Kills the tool, its supervisor or a QEMU, again and again, at a moment and by a signal that chance has chosen, and looks
 * at what is left. The same seed makes the same choices. 200 kills take more than an hour on two processors without KVM, so
 * `--minutes` divides them into parts.
 */
import path from 'node:path';
import { parseArgs } from 'node:util';
import { formatMs } from '../../src/base/format.js';
import { userPaths } from '../../src/runs/paths.js';
import { blowsAt, parseKinds, type NumberedBlow } from './blows.js';
import { kinds, usualCounts } from './kinds.js';
import { enter, missing, readLedger, renderLedger, type Judged } from './ledger.js';

const usual = Object.entries(usualCounts).map(([kind, count]) => `${kind}=${count}`).join(',');

const usage = `npm run test:kills -- [--seed N] [--kinds KIND[=COUNT],…] [--minutes N]

  --seed N          the same number makes the same choices; a part with it continues where the last one ended
  --kinds KIND,…    what is killed, and how many times: ${usual}
  --minutes N       begins no kill after that many minutes; exit status 3 where some are left

A signal ends the part after the kill that is being judged.
`;

/** The exit status of a part that has not come to all of its kills. */
const unfinished = 3;

async function main(): Promise<number> {
	const { values: flags } = parseArgs({
		options: {
			seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
			kinds: { type: 'string', default: usual },
			minutes: { type: 'string', default: '600' },
			help: { type: 'boolean', default: false },
		},
	});
	if (flags.help) {
		process.stdout.write(usage);
		return 0;
	}
	const until = performance.now() + Number(flags.minutes) * 60_000;
	const seed = Number(flags.seed);
	if (!Number.isInteger(seed) || !(until > 0)) throw new Error('expected numbers for --seed and --minutes');
	const counts = parseKinds(flags.kinds, usualCounts);
	const file = path.join(path.dirname(userPaths().cache), 'rehearse-kills', `${seed}.ndjson`);
	// One of each kind after another: a part that ends early has seen all of them.
	const blows = [...counts].flatMap(([kind, count]) => blowsAt(kind, count, seed)).sort((one, other) => one.number - other.number);
	const left = missing(blows, await readLedger(file));
	console.log(`seed ${seed}: ${left.length} of ${blows.length} kills are left; ${file} has what comes of them`);
	let isStopped = false;
	for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => (isStopped = true));
	for (const blow of left) {
		if (isStopped || performance.now() > until) break;
		const judged = await judge(blow);
		await enter(file, judged);
		console.log(lineOf(judged));
	}
	const ledger = (await readLedger(file)).filter(({ kind }) => counts.has(kind));
	process.stdout.write(renderLedger(ledger));
	if (ledger.some(({ problems }) => problems.length > 0)) return 1;
	return missing(blows, ledger).length === 0 ? 0 : unfinished;
}

function lineOf({ kind, number, victim, signal, moment, hasHit, problems, ms }: Judged): string {
	const mark = problems.length > 0 ? '✖' : hasHit ? '✔' : '–';
	const late = hasHit ? '' : ', when nothing of it was left';
	const line = `${mark} ${kind} ${number}: ${victim}, ${signal} at ${Math.round(moment * 100)} %${late}, ${formatMs(ms)}`;
	return [line, ...problems.map((problem) => `    ${problem}`)].join('\n');
}

async function judge(blow: NumberedBlow): Promise<Judged> {
	const began = performance.now();
	const ends: (() => unknown)[] = [];
	const struck = await kinds[blow.kind as keyof typeof kinds]
		.strike(blow, { teardown: (end) => void ends.push(end) })
		.catch((error: unknown) => ({ hasHit: true, problems: [String(error)] }));
	for (const end of ends.reverse()) await end();
	return { ...blow, ...struck, ms: Math.round(performance.now() - began), at: new Date().toISOString() };
}

try {
	process.exitCode = await main();
} catch (error) {
	process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
	process.exitCode = 2;
}
