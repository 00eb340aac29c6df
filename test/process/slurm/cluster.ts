/** The program with the fake Slurm on its PATH. */
import { spawn } from 'node:child_process';
import { chmod, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { ExecutionContext } from 'ava';
import { readGuestDefinition } from '../../../src/image/guest.js';
import { readPlan } from '../../../src/plan/read.js';
import { resolveLab } from '../../../src/plan/resolve.js';
import { findProgram } from '../../../src/process/find-program.js';
import { writeShard } from '../../../src/shard/store.js';
import type { LabWork } from '../../../src/shard/units.js';
import { makeRehearse, program, type Rehearse } from '../cli/rehearse.js';
import { shardsOf } from '../../unit/shard/logs.js';
import type { Fate, FakeConfig } from './fake-slurm.js';

export const plan = path.resolve('test', 'labs', 'pair', 'plan.yaml');

export interface FakeCluster {
	readonly tool: Rehearse;
	readonly directory: string;
	readonly env: Readonly<Record<string, string>>;
	/** The arguments of each sbatch so far. */
	submitted(): Promise<readonly string[][]>;
	cancelled(): Promise<readonly string[][]>;
	/** Has the job of a task leave a result, such as its machine would: that it has passed, unless a unit has another fate. */
	results(total: number, fate?: Parameters<typeof shardsOf>[1], work?: Partial<LabWork>): Promise<void>;
	/** Has a command of Slurm do something else. */
	replace(name: string, script: string): Promise<void>;
	/**
	 * Runs the program until a line on stderr matches, sends a signal, and a second later as many more as are asked for.
	 * Resolves to what it said and its exit status.
	 */
	interrupted(args: readonly string[], line: RegExp, more?: number): Promise<{ readonly stderr: string; readonly exitCode: number | null }>;
}

const lines = async (file: string): Promise<string[][]> =>
	(await readFile(file, 'utf8').catch(() => '')).split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as string[]);

/** What `--shuffle 4` makes of the lab. */
async function workOfPlan(): Promise<LabWork> {
	const { name, planSha256 } = resolveLab(await readPlan(plan), await readGuestDefinition());
	return { lab: name, planSha256, robustness: [], shuffle: { count: 4, seed: Number.parseInt(planSha256.slice(0, 8), 16) } };
}

/** @param without commands of Slurm that are not there, and neither is any other program but Node then */
export async function makeCluster(t: ExecutionContext, config: FakeConfig & { readonly fates?: Readonly<Record<string, readonly Fate[]>> }, without: readonly string[] = []): Promise<FakeCluster> {
	const tool = await makeRehearse(t);
	const directory = path.join(tool.directory, 'slurm');
	const bin = path.join(directory, 'bin');
	for (const made of [bin, path.join(directory, 'tasks')]) await mkdir(made, { recursive: true });
	await writeFile(path.join(directory, 'config.json'), JSON.stringify({ hosts: ['one|idle|8192|4', 'two|mixed|4096|2', 'three|down*|65536|64'], ...config }));
	const fake = path.join(import.meta.dirname, 'fake-slurm.js');
	const shim = async (name: string, text: string) => {
		await writeFile(path.join(bin, name), `#!/bin/sh\n${text}\n`);
		await chmod(path.join(bin, name), 0o755);
	};
	for (const name of ['sbatch', 'squeue', 'scancel', 'sacct', 'sinfo', 'srun'].filter((one) => !without.includes(one))) {
		await shim(name, `exec '${process.execPath}' '${fake}' ${name} "$@"`);
	}
	// No machine is ever started: the hosts have a QEMU that is too old.
	await shim('qemu-system-x86_64', 'echo "QEMU emulator version 1.0"');
	for (const name of without.length > 0 ? ['sh', 'setpriv', 'id'] : []) await symlink((await findProgram(name)) ?? '', path.join(bin, name));
	const env = { FAKE_SLURM: directory, PATH: without.length > 0 ? bin : `${bin}:${process.env['PATH'] ?? ''}` };
	return {
		tool,
		directory,
		env,
		submitted: () => lines(path.join(directory, 'submitted.ndjson')),
		cancelled: () => lines(path.join(directory, 'cancelled.ndjson')),
		async results(total, fate, work) {
			for (const { record, logs } of shardsOf(total, fate, [{ ...(await workOfPlan()), ...work }])) {
				const runs = new Map<string, { runDirectory: string; failedOrders: string[] }>();
				for (const [lab, log] of logs) {
					const runDirectory = path.join(directory, 'runs', `${record.index}-${lab}`);
					await mkdir(runDirectory, { recursive: true });
					await writeFile(path.join(runDirectory, 'events.ndjson'), log.map((event) => `${JSON.stringify(event)}\n`).join(''));
					runs.set(lab, { runDirectory, failedOrders: [] });
				}
				await mkdir(path.join(directory, 'results'), { recursive: true });
				await writeShard(path.join(directory, 'results', `shard-${record.index}-of-${total}`), record, runs);
			}
		},
		replace: shim,
		interrupted: (args, line, more = 0) =>
			new Promise((resolve) => {
				const home = { HOME: tool.directory, XDG_CACHE_HOME: path.join(tool.directory, 'cache'), XDG_STATE_HOME: path.join(tool.directory, 'state') };
				const child = spawn(process.execPath, [program, ...args], { cwd: tool.directory, env: { ...process.env, ...home, ...env }, stdio: ['ignore', 'ignore', 'pipe'] });
				let stderr = '';
				let isSent = false;
				child.stderr.on('data', (chunk: Buffer) => {
					stderr += chunk.toString();
					if (isSent || !line.test(stderr)) return;
					isSent = true;
					child.kill('SIGINT');
					for (let index = 0; index < more; index++) setTimeout(() => child.kill('SIGINT'), 1000);
				});
				child.on('close', (exitCode) => resolve({ stderr, exitCode }));
			}),
	};
}
