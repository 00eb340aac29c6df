/**
 * A Slurm in miniature, for a test that may start no daemon: its commands are this file under their own names, and what they
 * know of jobs lies in the directory $FAKE_SLURM. It schedules nothing: what becomes of a task is said beforehand.
 */
import { spawn, spawnSync } from 'node:child_process';
import { appendFileSync, cpSync, existsSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/**
 * What becomes of a task: it leaves the result that the test has put down for it; its host is lost; somebody cancels it; it
 * runs until it is cancelled; or the submitted script is run as it is.
 */
export type Fate = 'done' | 'lost' | 'cancelled' | 'runs' | 'script';

export interface FakeConfig {
	/** Lines of sinfo; none answers where it is missing. */
	readonly hosts?: readonly string[];
	/** Fates of a task by its number, one for each try. `done` where there is none. */
	readonly fates?: Readonly<Record<string, readonly Fate[]>>;
	/** Hosts that have no Node.js. */
	readonly bare?: readonly string[];
}

interface FakeTask {
	readonly name: string;
	readonly array: number;
	readonly index: number;
	state: string;
	readonly host: string;
	readonly pid?: number;
}

const directory = process.env['FAKE_SLURM'] ?? '';
const [command = '', ...args] = process.argv.slice(2);
const config = JSON.parse(readFileSync(path.join(directory, 'config.json'), 'utf8')) as FakeConfig;
const option = (name: string): string => args.find((word) => word.startsWith(`--${name}=`))?.slice(name.length + 3) ?? '';
const tasksDirectory = path.join(directory, 'tasks');
const fileOf = ({ array, index }: Pick<FakeTask, 'array' | 'index'>): string => path.join(tasksDirectory, `${array}_${index}`);

function readTasks(): FakeTask[] {
	const files = readdirSync(tasksDirectory).filter((name) => !name.endsWith('.exit')).map((name) => path.join(tasksDirectory, name));
	return files.map((file) => {
		const task = JSON.parse(readFileSync(file, 'utf8')) as FakeTask;
		if (task.state !== 'RUNNING' || !existsSync(`${file}.exit`)) return task;
		return { ...task, state: readFileSync(`${file}.exit`, 'utf8').trim() === '0' ? 'COMPLETED' : 'FAILED' };
	});
}

const write = (task: FakeTask): void => writeFileSync(fileOf(task), JSON.stringify(task));

function submit(): void {
	const before = readTasks();
	const array = Math.max(0, ...before.map((task) => task.array)) + 1;
	const indices = option('array').split(',').flatMap((range) => {
		const [first = 0, last = first] = range.split('-').map(Number);
		return Array.from({ length: last - first + 1 }, (_, offset) => first + offset);
	});
	appendFileSync(path.join(directory, 'submitted.ndjson'), `${JSON.stringify(args)}\n`);
	for (const index of indices) {
		const attempt = before.filter((task) => task.index === index).length;
		const fate = config.fates?.[String(index)]?.[attempt] ?? 'done';
		const host = attempt === 0 && index % 2 === 0 ? 'two' : 'one';
		start({ name: option('job-name'), array, index, state: 'RUNNING', host }, fate);
	}
	process.stdout.write(`${array}\n`);
}

function start(task: FakeTask, fate: Fate): void {
	const log = option('output').replace('%A', String(task.array)).replace('%a', String(task.index));
	if (fate === 'script') {
		const words = args.slice(args.findLastIndex((word) => /^--(?:output|exclude)=/.test(word)) + 1);
		const env = { ...process.env, SLURM_ARRAY_TASK_ID: String(task.index), SLURMD_NODENAME: task.host };
		const out = openSync(log, 'w');
		const child = spawn('sh', ['-c', '"$@"; echo $? >"$0"', `${fileOf(task)}.exit`, ...words], { detached: true, stdio: ['ignore', out, out], cwd: option('chdir'), env });
		child.unref();
		return write({ ...task, ...(child.pid === undefined ? {} : { pid: child.pid }) });
	}
	writeFileSync(log, `what task ${task.index} said\n`);
	if (fate === 'done') cpSync(path.join(directory, 'results'), option('out'), { recursive: true, filter: (file) => !path.basename(file).startsWith('shard-') || path.basename(file).startsWith(`shard-${task.index}-`) });
	write({ ...task, state: { done: 'COMPLETED', lost: 'NODE_FAIL', cancelled: 'CANCELLED', runs: 'RUNNING' }[fate] });
}

function cancel(): void {
	appendFileSync(path.join(directory, 'cancelled.ndjson'), `${JSON.stringify(args)}\n`);
	for (const task of readTasks().filter(({ name, state }) => name === option('name') && state === 'RUNNING')) {
		if (task.pid !== undefined) process.kill(-task.pid, 'SIGTERM');
		write({ ...task, state: 'CANCELLED' });
	}
}

function fail(text: string, status = 1): void {
	process.stderr.write(`${text}\n`);
	process.exitCode = status;
}

const commands: Readonly<Record<string, () => void>> = {
	sbatch: submit,
	squeue() {
		const own = readTasks().filter(({ name }) => name === option('name'));
		process.stdout.write(own.map(({ array, index, state, host }) => `${array}|${index}|${state}|${host}|None\n`).join(''));
	},
	scancel: cancel,
	sacct: () => fail('Slurm accounting storage is disabled'),
	sinfo() {
		if (!config.hosts) return fail('slurm_load_partitions: Unable to contact slurm controller (connect failure)');
		process.stdout.write(config.hosts.map((line) => `${line}\n`).join(''));
	},
	srun() {
		const [program = '', ...rest] = args.slice(args.findLastIndex((word) => /^--(?:chdir|partition)=/.test(word)) + 1);
		if (config.bare?.includes(option('nodelist'))) return fail(`slurmstepd: error: execve(): ${program}: No such file or directory`, 2);
		process.exitCode = spawnSync(program, rest, { stdio: ['ignore', 'inherit', 'inherit'] }).status ?? 1;
	},
};

// The test imports its types.
commands[command]?.();
