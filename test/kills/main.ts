/**
 * Kills the tool, its supervisor or a QEMU, again and again, at a moment and by a signal that chance has chosen, and looks
 * at what is left: `npm run test:kills -- [--count 200] [--seed N] [--kinds fake,cold,warm,up,watch,debug,build]`. The same
 * seed makes the same choices. The exit status is 1 when anything was left, or what came next did not pass.
 */
import { parseArgs } from 'node:util';
import { kinds, type Blow } from './kinds.js';
import { Random } from './random.js';

const { values } = parseArgs({
	options: {
		count: { type: 'string', default: '200' },
		seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
		kinds: { type: 'string', default: Object.keys(kinds).join(',') },
	},
});
const count = Number(values.count);
const names = values.kinds.split(',');
const unknown = names.filter((name) => !Object.hasOwn(kinds, name));
if (!(count > 0) || unknown.length > 0) {
	console.error(`expected --count above 0, and --kinds of ${Object.keys(kinds).join(', ')}`);
	process.exit(2);
}

const random = new Random(Number(values.seed));
console.log(`${count} kills of ${names.join(', ')}, seed ${values.seed}`);
let bad = 0;
const tally = new Map<string, number>();
for (let number = 1; number <= count; number++) {
	const name = random.pick(names);
	const blow: Blow = {
		victim: random.pick(['tool', 'supervisor', 'QEMU']),
		signal: random.pick(['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGHUP', 'SIGSEGV', 'SIGABRT']),
		moment: random.next(),
	};
	const began = performance.now();
	const ends: (() => unknown)[] = [];
	const problems = await judge(name, blow, ends);
	for (const end of ends.reverse()) await end();
	tally.set(name, (tally.get(name) ?? 0) + 1);
	if (problems.length > 0) bad++;
	const reported = `${number}: ${name}, ${blow.victim}, ${blow.signal} at ${Math.round(blow.moment * 100)} %, ${((performance.now() - began) / 1000).toFixed(1)} s`;
	console.log([`${problems.length === 0 ? '✔' : '✖'} ${reported}`, ...problems.map((problem) => `    ${problem}`)].join('\n'));
}
console.log(`${count - bad} of ${count} left nothing, and what came next passed (${[...tally].map(([name, times]) => `${name} ${times}`).join(', ')})`);
process.exit(bad === 0 ? 0 : 1);

async function judge(name: string, blow: Blow, ends: (() => unknown)[]): Promise<readonly string[]> {
	try {
		return (await kinds[name]?.strike(blow, { teardown: (end) => void ends.push(end) })) ?? [];
	} catch (error) {
		return [String(error)];
	}
}
