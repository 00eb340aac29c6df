/**
 * The benchmark (`npm run bench`): measures, prints a table, writes JSON.
 *
 * Everything is measured once a round, not one thing many times after another: a host that is slower for a while is
 * slower for what is compared, too.
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { packageRoot } from '../../src/base/package-root.js';
import { Bench } from './bench.js';
import { resultsOf, type Values } from './figures.js';
import type { Measurement } from './measurement.js';
import { measurements } from './measurements.js';
import { renderGrowth } from './plot.js';
import { renderTable } from './table.js';
import { Workshop } from './workshop.js';

const usage = `npm run bench -- [--runs N] [--only NAME,…] [--list] [--json FILE] [--mirror URI] [--program FILE] [--logs DIR] [--plot FILE]

  --runs N        how often everything is measured (3)
  --only NAME,…   these measurements alone; by-hand has to be among them for a comparison
  --list          prints what there is to measure
  --json FILE     where the figures go (bench.json)
  --mirror URI    the Debian archive that images are built from
  --program FILE  the launcher that is measured (bin/rehearse of this checkout)
  --logs DIR      keeps the event log of every run
  --plot FILE     draws how the labs of small nodes grow, as SVG
`;

/** A measurement that failed; the others go on. */
interface Failed {
	readonly measurement: string;
	readonly round: number;
	readonly message: string;
}

const print = (text: string): void => void process.stderr.write(text);

async function main(): Promise<number> {
	const { values: flags } = parseArgs({
		options: {
			runs: { type: 'string', default: '3' },
			only: { type: 'string' },
			list: { type: 'boolean', default: false },
			json: { type: 'string', default: 'bench.json' },
			mirror: { type: 'string' },
			program: { type: 'string', default: path.join(packageRoot(), 'bin', 'rehearse') },
			logs: { type: 'string' },
			plot: { type: 'string' },
			help: { type: 'boolean', default: false },
		},
	});
	if (flags.help || flags.list) {
		process.stdout.write(flags.help ? usage : listMeasurements());
		return 0;
	}
	const rounds = Number(flags.runs);
	if (!(Number.isInteger(rounds) && rounds > 0)) throw new Error(`--runs ${flags.runs} is no number of runs`);
	const chosen = chooseMeasurements(flags.only?.split(','));
	const program = path.resolve(flags.program);
	const began = new Date();
	const workshop = await Workshop.open(program, flags.logs);
	const runs = new Map<string, Values[]>();
	const failures: Failed[] = [];
	const stopped = stopOnSignals();
	const write = () => {
		const figures = resultsOf(chosen, runs);
		const report = { schema: 1, at: began.toISOString(), host: describeHost(), program, rounds, figures, failures };
		writeFileSync(flags.json, `${JSON.stringify(report, undefined, '\t')}\n`);
	};
	try {
		const bench = new Bench(workshop, flags.mirror);
		await bench.prepare();
		for (let round = 1; round <= rounds; round++) {
			for (const measurement of chosen) {
				if (stopped.yes) break;
				print(`${round}/${rounds} ${measurement.name} …`);
				const start = performance.now();
				try {
					const values = await measurement.measure(bench, `bench-${began.getTime()}-${round}`);
					runs.set(measurement.name, [...(runs.get(measurement.name) ?? []), values]);
					print(` ${renderValues(values)}`);
				} catch (error) {
					const message = error instanceof Error ? error.message : String(error);
					failures.push({ measurement: measurement.name, round, message });
					print(` failed: ${message}`);
				}
				print(` (${((performance.now() - start) / 1000).toFixed(0)} s in all)\n`);
				write();
			}
		}
	} finally {
		await workshop.close();
	}
	process.stdout.write(renderTable(resultsOf(chosen, runs)));
	if (flags.plot !== undefined) writeFileSync(flags.plot, renderGrowth(resultsOf(chosen, runs)));
	for (const { measurement, round, message } of failures) {
		process.stdout.write(`\n${measurement}, run ${round}, failed: ${message}\n`);
	}
	return failures.length > 0 || stopped.yes ? 1 : 0;
}

/** The measurements with these names; those that are not on request when none are given. */
function chooseMeasurements(names: readonly string[] | undefined): readonly Measurement[] {
	if (names === undefined) return measurements.filter(({ onRequest }) => !onRequest);
	const unknown = names.filter((name) => !measurements.some((measurement) => measurement.name === name));
	if (unknown.length > 0) throw new Error(`nothing is called ${unknown.join(', ')}; \`--list\` prints what there is`);
	return measurements.filter(({ name }) => names.includes(name));
}

const listMeasurements = (): string =>
	measurements.map(({ name, onRequest }) => `${name}${onRequest ? ' (only when named)' : ''}\n`).join('');

const renderValues = (values: Values): string =>
	Object.entries(values)
		.map(([name, value]) => `${name} ${[value].flat().map((one) => one.toFixed(0)).join(' ')}`)
		.join(', ');

/** The first signal ends the benchmark after what is being measured, which gets the signal too if it came by Ctrl-C. */
function stopOnSignals(): { yes: boolean } {
	const stopped = { yes: false };
	for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => (stopped.yes = true));
	return stopped;
}

const describeHost = () => ({
	processor: os.cpus()[0]?.model ?? '',
	processors: os.availableParallelism(),
	memory_bytes: os.totalmem(),
	load: os.loadavg(),
	kernel: os.release(),
	node: process.version,
	qemu: execFileSync('qemu-system-x86_64', ['--version'], { encoding: 'utf8' }).split('\n')[0],
});

try {
	process.exitCode = await main();
} catch (error) {
	print(`${error instanceof Error ? error.message : String(error)}\n`);
	process.exitCode = 2;
}
