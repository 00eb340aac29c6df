/**
 * The KVM test bed (`npm run test:kvm`): rehearses labs under KVM on a host that has none, inside an outer machine that is
 * emulated and has AMD's SVM. It takes half an hour on two processors; `--minutes` divides that into sessions.
 */
import { appendFile, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { withCleanup } from '../../src/base/cleanup.js';
import { isThere } from '../../src/base/files.js';
import { formatMs } from '../../src/base/format.js';
import { userPaths } from '../../src/runs/paths.js';
import { provideBaseDisk, type BaseDisk } from './base-disk.js';
import { Bed, places } from './bed.js';
import { bootOuter } from './outer-machine.js';
import { readResults, renderResults, writeResults, type Results } from './results.js';
import { steps, type Step } from './steps.js';
import { makeWorkDisk } from './work-disk.js';

const usage = `npm run test:kvm -- [--continue] [--only STEP,…] [--minutes N] [--list]

  --continue      goes on with the disk of the last session, and with the steps that have not passed in it
  --only STEP,…   these steps alone
  --minutes N     begins no step after that many minutes; exit status 3 where some are left
  --list          prints which steps there are
`;

/** The exit status of a session that has not come to all of its steps. */
const unfinished = 3;

const print = (text: string): void => void process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${text}\n`);

/** Where the disks, the results and the consoles are. */
const bedDirectory = path.join(path.dirname(userPaths().cache), 'rehearse-kvm-bed');
const workFile = path.join(bedDirectory, 'work.img');
const resultsFile = path.join(bedDirectory, 'results.json');

/** Steps that want the same outer machine, one boot of it after another. */
function boots(chosen: readonly Step[]): readonly (readonly Step[])[] {
	const cpus = [...new Set(chosen.map(({ cpu = '' }) => cpu))];
	return cpus.map((cpu) => chosen.filter((step) => (step.cpu ?? '') === cpu));
}

async function main(): Promise<number> {
	const { values: flags } = parseArgs({
		options: {
			continue: { type: 'boolean', default: false },
			only: { type: 'string' },
			minutes: { type: 'string', default: '600' },
			list: { type: 'boolean', default: false },
			help: { type: 'boolean', default: false },
		},
	});
	if (flags.help || flags.list) {
		process.stdout.write(flags.help ? usage : steps.map(({ name, what }) => `${name.padEnd(16)}${what}\n`).join(''));
		return 0;
	}
	const until = performance.now() + Number(flags.minutes) * 60_000;
	const names = flags.only?.split(',');
	const unknown = names?.filter((name) => !steps.some((step) => step.name === name)) ?? [];
	if (unknown.length > 0) throw new Error(`no step is called ${unknown.join(', ')}; \`--list\` prints what there is`);
	await mkdir(bedDirectory, { recursive: true });
	const base = await provideBaseDisk(bedDirectory, print);
	const isContinued = flags.continue && (await isThere(workFile));
	if (!isContinued) await makeWorkDisk(workFile, print);
	let results: Results = isContinued ? await readResults(resultsFile) : {};
	const chosen = steps.filter(({ name }) => names?.includes(name) ?? results[name]?.status !== 'passed');
	const record = async (step: Step, result: Results[string]) => {
		results = { ...results, [step.name]: result };
		await writeResults(resultsFile, results);
	};
	for (const group of boots(chosen)) {
		let left = group;
		for (let tries = 1; left.length > 0 && performance.now() < until; tries++) left = await session(left, base, until, record, tries < maximumTries);
	}
	process.stdout.write(renderResults(steps, results));
	if (steps.some(({ name }) => results[name]?.status === 'failed')) return 1;
	return steps.every(({ name }) => results[name]) ? 0 : unfinished;
}

/** How often an outer machine that ends by itself is followed by another: its emulation of SVM has faults of its own. */
const maximumTries = 6;

/**
 * Boots the outer machine once and takes steps in it. Resolves to the steps that are left, where it ended by itself before they
 * were taken and may do so; otherwise to none.
 */
async function session(
	group: readonly Step[],
	base: BaseDisk,
	until: number,
	record: (step: Step, result: Results[string]) => Promise<void>,
	mayEnd: boolean,
): Promise<readonly Step[]> {
	return withCleanup(async (cleanup) => {
		const began = performance.now();
		print('booting the outer machine');
		const consoleFile = path.join(bedDirectory, 'outer-console.log');
		const overlayFile = path.join(bedDirectory, 'root.qcow2');
		const stop = stopOnSignals(() => void cleanup.run().then(() => process.exit(130)));
		cleanup.defer('signals', stop);
		const outer = await bootOuter({ base, overlayFile, workFile, cpu: group[0]?.cpu ?? '', consoleFile, cleanup });
		print(`it is up after ${formatMs(performance.now() - began)}`);
		const bed = new Bed(outer);
		await bed.shell('modprobe kvm_amd && test -c /dev/kvm && modprobe tun && chmod 0755 /bed');
		for (const [index, step] of group.entries()) {
			if (performance.now() > until) break;
			const result = await take(step, bed);
			if (outer.hasEnded && mayEnd) {
				print(`the outer machine ended by itself; ${step.name} is taken again in another one`);
				return group.slice(index);
			}
			await record(step, result);
		}
		await keepConsoles(bed);
		await outer.powerOff();
		return [];
	});
}

async function take(step: Step, bed: Bed): Promise<Results[string]> {
	print(`${step.name}: ${step.what}`);
	const began = performance.now();
	const ended = () => ({ ms: Math.round(performance.now() - began), at: new Date().toISOString() });
	try {
		const note = await step.run(bed);
		print(`${step.name} passed in ${formatMs(performance.now() - began)}`);
		return { status: 'passed', ...ended(), ...(note === undefined ? {} : { note }) };
	} catch (error) {
		const { message } = error as Error;
		print(`${step.name} failed after ${formatMs(performance.now() - began)}: ${message}`);
		await appendFile(path.join(bedDirectory, 'failures.log'), `${new Date().toISOString()} ${step.name}: ${message}\n`);
		// A lab that the step has left up would be in the way of the next.
		await bed.tool(['down', '--all']).catch(() => undefined);
		return { status: 'failed', message, ...ended() };
	}
}

/** Consoles, journals and events of the runs, as an archive. */
async function keepConsoles(bed: Bed): Promise<void> {
	const archive = await bed.shell(`cd ${places.state} && find . -name '*.log' -o -name '*.ndjson' -o -name '*.txt' | tar cz -T - | base64`);
	const file = path.join(bedDirectory, `consoles-${new Date().toISOString().slice(0, 19).replaceAll(':', '')}.tar.gz`);
	await writeFile(file, Buffer.from(archive, 'base64'));
	print(`the consoles of all runs are in ${file}`);
}

/** Has the first signal end the outer machine; the returned function forgets that. */
function stopOnSignals(stop: () => void): () => void {
	const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
	for (const name of names) process.once(name, stop);
	return () => names.forEach((name) => process.off(name, stop));
}

try {
	process.exitCode = await main();
} catch (error) {
	print(error instanceof Error ? (error.stack ?? error.message) : String(error));
	process.exitCode = 2;
}
