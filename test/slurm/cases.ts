/** What is tried on the cluster. */
import { chmod, cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { systemClock } from '../../src/base/waiting.js';
import type { Bed, CommandEnd } from './bed.js';

export interface Case {
	readonly name: string;
	readonly what: string;
	/** Resolves to what is wrong, a sentence each. */
	run(bed: Bed): Promise<readonly string[]>;
}

/** What is wrong with how a command ended. */
function expectEnd({ exitCode, stdout, stderr }: CommandEnd, status: number, ...patterns: readonly RegExp[]): string[] {
	const output = `${stdout}${stderr}`;
	const problems = [
		...(exitCode === status ? [] : [`exit status ${exitCode} instead of ${status}`]),
		...patterns.flatMap((pattern) => (pattern.test(output) ? [] : [`nothing matches ${pattern}`])),
	];
	return problems.length === 0 ? [] : [...problems, output];
}

/** Nothing is left of jobs, once Slurm has done its own part of the clearing up. */
async function expectNothingLeft(bed: Bed): Promise<readonly string[]> {
	for (let tries = 0; ; tries++) {
		const left = await bed.leftovers();
		if (left.length === 0) return [];
		if (tries === 20) return left.map((one) => `left: ${one}`);
		await systemClock.sleep(1000);
	}
}

/** A directory with a program of another's name, for PATH. */
async function shim(bed: Bed, name: string, text: string): Promise<string> {
	const directory = path.join(bed.directory, `with-${name}`);
	await mkdir(directory, { recursive: true });
	await writeFile(path.join(directory, name), `#!/bin/sh\n${text}\n`);
	await chmod(path.join(directory, name), 0o755);
	return directory;
}

/** Machines that never come to anything: the runs of the cases in which nothing is to be booted. */
const idleQemu = (bed: Bed): Promise<string> =>
	shim(bed, 'qemu-system-x86_64', '[ "$1" != --version ] || exec /usr/bin/qemu-system-x86_64 --version\nexec sleep 600');

/** Two labs, so that each host has one. */
async function twoLabs(bed: Bed): Promise<readonly string[]> {
	const other = path.join(bed.home, 'labs', 'other');
	await cp(path.join(bed.home, 'labs', 'single'), other, { recursive: true });
	const plan = path.join(other, 'plan.yaml');
	// Both at once do not fit on one host beside each other's 1280 MiB.
	for (const [file, name] of [[plan, 'other'], [path.join(bed.home, 'labs', 'single', 'plan.yaml'), 'single']] as const) {
		await writeFile(file, (await readFile(file, 'utf8')).replace(/^name: .*/m, `name: ${name}`).replace('memory: 512 MB', 'memory: 2048 MB'));
	}
	return ['labs/single/plan.yaml', 'labs/other/plan.yaml'];
}

/** No canary is booted for KVM, which would never answer. */
const submitted = ['--on', 'slurm', '--accel', 'tcg'] as const;

const shardsRun = (stderr: string): boolean => /shard 1 of 2: runs/.test(stderr) && /shard 2 of 2: runs/.test(stderr);

const seed = 7;

/** The orders of a result, as `run --json` has them. */
const ordersOf = (stdout: string): unknown => {
	const result = JSON.parse(stdout) as { verdict: string; robustness?: { shuffle?: { orders: readonly { order: unknown; verdict: string }[] } } };
	return { verdict: result.verdict, orders: result.robustness?.shuffle?.orders.map(({ order, verdict }) => ({ order, verdict })) };
};

/** In this order; the last loses a host. */
export const cases: readonly Case[] = [
	{
		name: 'doctor',
		what: 'each host is asked, as an ordinary user',
		async run(bed) {
			return [...expectEnd(await bed.rehearse(['doctor', '--on', 'slurm']), 0, /✔ one: /, /✔ two: /, /on each of the 2 hosts/), ...(await expectNothingLeft(bed))];
		},
	},
	{
		name: 'impossible',
		what: 'a lab that no host has the memory for is refused',
		async run(bed) {
			const plan = (await readFile(path.join(bed.home, 'labs', 'single', 'plan.yaml'), 'utf8')).replace('memory: 512 MB', 'memory: 8192 MB');
			await mkdir(path.join(bed.home, 'labs', 'large'), { recursive: true });
			await writeFile(path.join(bed.home, 'labs', 'large', 'plan.yaml'), plan);
			return expectEnd(await bed.rehearse(['fleet', 'labs/large/plan.yaml', '--on', 'slurm']), 3, /needs 10 GiB of memory/);
		},
	},
	{
		name: 'submission',
		what: 'Ctrl-C while sbatch is at work',
		async run(bed) {
			const slow = await shim(bed, 'sbatch', 'sleep 3\nexec /usr/bin/sbatch "$@"');
			let isSent = false;
			const end = await bed.rehearse(['fleet', ...(await twoLabs(bed)), ...submitted], {
				path: [slow, await idleQemu(bed)],
				onStderr(text, interrupt) {
					if (isSent || !text.includes('2 shards, each')) return;
					isSent = true;
					setTimeout(interrupt, 1000);
				},
			});
			return [...expectEnd(end, 130, /interrupted by SIGINT/), ...(await expectNothingLeft(bed))];
		},
	},
	{
		name: 'interrupted',
		what: 'Ctrl-C while jobs run on both hosts',
		async run(bed) {
			let isSent = false;
			const end = await bed.rehearse(['fleet', ...(await twoLabs(bed)), ...submitted, '--out', 'night'], {
				path: [await idleQemu(bed)],
				onStderr(text, interrupt) {
					if (isSent || !shardsRun(text)) return;
					isSent = true;
					setTimeout(interrupt, 3000);
				},
			});
			const left = await readdir(path.join(bed.home, 'night'));
			return [...expectEnd(end, 130, /ending the jobs/), ...left.map((name) => `left: night/${name}`), ...(await expectNothingLeft(bed))];
		},
	},
	{
		name: 'job-killed',
		what: 'somebody kills the program of a job',
		async run(bed) {
			let isKilled = false;
			const end = await bed.rehearse(['fleet', ...(await twoLabs(bed)), ...submitted, '--out', 'killed', '--timeout', '20'], {
				path: [await idleQemu(bed)],
				onStderr(text) {
					if (isKilled || !shardsRun(text)) return;
					isKilled = true;
					const kill = async () => {
						const host = /shard 1 of 2: runs on (\w+)/.exec(text)?.[1] === 'two' ? 'two' : 'one';
						for (const { pid, command } of await bed.processesOf(host)) if (/main\.js fleet/.test(command) && !command.startsWith('/bin/sh')) process.kill(pid, 'SIGKILL');
					};
					setTimeout(() => void kill(), 4000);
				},
			});
			const left = await readdir(path.join(bed.home, 'killed'));
			return [
				...expectEnd(end, 4, /1 shard of 2 left no result/, /shard 1 of 2: job \d+_1 on \w+ ended with FAILED/),
				...(left.join() === 'shard-2-of-2' ? [] : [`in --out is: ${left.join(', ')}`]),
				...(await expectNothingLeft(bed)),
			];
		},
	},
	{
		name: 'orders',
		what: '--shuffle 8 on two hosts, with machines: the same orders and verdict as on one',
		async run(bed) {
			const what = ['labs/pair/plan.yaml', '--shuffle', '8', '--shuffle-seed', String(seed), '--json'];
			const there = await bed.rehearse(['fleet', ...what, '--on', 'slurm', '--shards', '2', '--out', 'orders']);
			const problems = [...expectEnd(there, 0, /runs on one/, /runs on two/), ...(await expectNothingLeft(bed))];
			for (const host of ['one', 'two']) {
				const images = await readdir(path.join(bed.directory, host, 'cache', 'rehearse', 'images')).catch(() => []);
				if (images.length === 0) problems.push(`no image was brought to ${host}`);
			}
			if (problems.length > 0) return problems;
			const here = await bed.rehearse(['run', ...what]);
			process.stderr.write(`  on two hosts, which share the processors of this machine: ${Math.round(there.ms / 1000)} s; on one: ${Math.round(here.ms / 1000)} s\n`);
			const [ours, theirs] = [here, there].map(({ stdout }) => JSON.stringify(ordersOf(stdout), undefined, '\t'));
			return [...expectEnd(here, 0), ...(ours === theirs ? [] : [`on one machine:\n${ours}\non two hosts:\n${theirs}`])];
		},
	},
	{
		name: 'host-gone',
		what: 'the power of a host fails: its shard is tried once on the other',
		async run(bed) {
			let isLost = false;
			const end = await bed.rehearse(['fleet', ...(await twoLabs(bed)), ...submitted, '--out', 'gone', '--timeout', '20'], {
				path: [await idleQemu(bed)],
				onStderr(text) {
					if (isLost || !shardsRun(text)) return;
					isLost = true;
					setTimeout(() => void bed.lose('two'), 4000);
				},
			});
			const shards = (await readdir(path.join(bed.home, 'gone'))).sort().join();
			await rm(path.join(bed.directory, 'two', 'tmp'), { recursive: true, force: true });
			await mkdir(path.join(bed.directory, 'two', 'tmp'));
			// The machines never came up: the time limit is what came of both runs.
			return [
				...expectEnd(end, 124, /two was lost with shard \d/, /shard \d submitted, not on two/),
				...(shards === 'shard-1-of-2,shard-2-of-2' ? [] : [`in --out is: ${shards}`]),
				...(await expectNothingLeft(bed)),
			];
		},
	},
];
