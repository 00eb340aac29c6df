/** What is killed: each kind starts something, has a process of it killed, and says what is wrong afterwards. */
import { setTimeout as sleep } from 'node:timers/promises';
import { startLab, type StartedLab } from '../process/supervisor/labs.js';
import { editLab } from '../integration/support/labs.js';
import { makeSandbox, type HostProcess, type Sandbox } from '../integration/support/sandbox.js';
import { runTool, Tool } from '../integration/support/tool.js';

/** Whom it hits, with what and when. */
export interface Blow {
	readonly victim: 'tool' | 'supervisor' | 'QEMU';
	readonly signal: NodeJS.Signals;
	/** Within what the kind takes, from 0 to 1. */
	readonly moment: number;
}

/** Registers what ends things when a kill has been judged. */
export interface Teardown {
	teardown(end: () => unknown): void;
}

export interface Kind {
	/** Whether machines boot for it, or images are built: minutes, not seconds. */
	readonly isSlow: boolean;
	/** Resolves to what is left or broken afterwards, a sentence each. */
	strike(blow: Blow, t: Teardown): Promise<readonly string[]>;
}

/** How long what is hit may take to end by itself, and then once it is asked to, in milliseconds. */
const patienceMs = { alone: 90_000, asked: 60_000, leftovers: 15_000 } as const;

const patterns: Readonly<Record<Blow['victim'], RegExp>> = {
	tool: /(?:main|lab-daemon|starter)\.js/,
	supervisor: /supervisor\.js$/,
	QEMU: /^qemu-system-x86_64 |fake-qemu\.js/,
};

/** Kills a process of that kind, where there is one at the moment; that of the tool otherwise. */
function hit(processes: readonly HostProcess[], { victim, signal }: Blow): void {
	const find = (who: Blow['victim']) => processes.find(({ commandLine }) => patterns[who].test(commandLine));
	const target = find(victim) ?? find('tool');
	if (target) process.kill(target.pid, signal);
}

/** A lab of fake machines in real namespaces. */
const fake: Kind = {
	isSlow: false,
	async strike(blow, t) {
		const lab = await startLab(t, { keep: 'always', behaviour: blow.moment < 0.5 ? 'hangs' : 'works' });
		// Before that its directories are the test's, which made them.
		await lab.waitFor('supervisor');
		await sleep(blow.moment * 1500);
		hit([...(await lab.processes())].map(([pid, commandLine]) => ({ pid, commandLine })), blow);
		const left = await endOf(lab);
		const next = await startLab(t);
		const { error } = await next.waitFor('done');
		return [...left, ...(error ? [`the next lab: ${error.message}`] : []), ...(await next.leftovers())];
	},
};

async function endOf(lab: StartedLab): Promise<readonly string[]> {
	const ended = await Promise.race([lab.starter.exited.then(() => true), sleep(3000, false)]);
	// A machine that was killed is a node that ended; a lab that stays goes on.
	if (!ended) await lab.starter.stop({ graceMs: 30_000 });
	return lab.leftovers();
}

interface ToolKind {
	readonly args: readonly string[];
	/** How long it takes, in milliseconds. */
	readonly spanMs: number;
	readonly cache?: 'shared' | 'empty';
	/** Runs before, to its end. */
	readonly before?: readonly string[];
	/** Runs afterwards, whatever comes of it. */
	readonly after?: readonly string[];
	/** What has to pass in the end. */
	readonly next?: readonly string[];
	readonly input?: string;
}

/** The tool itself, with real machines or real builds. `LAB` stands for the plan. */
const ofTool = ({ args, spanMs, cache = 'shared', before, after, next = ['run', 'LAB'], input }: ToolKind): Kind => ({
	isSlow: true,
	async strike(blow, t) {
		const sandbox = await makeSandbox(t, cache, 'warm');
		const lab = await editLab(sandbox, 'single', () => undefined);
		const words = (all: readonly string[]) => all.map((word) => (word === 'LAB' ? lab : word));
		if (before) await runTool(sandbox, words(before));
		const tool = new Tool(sandbox, words(args), input === undefined ? {} : { input });
		await Promise.race([tool.ended, sleep(blow.moment * spanMs)]);
		hit(await sandbox.processes(), blow);
		const problems = await hasEnded(tool);
		if (after) await runTool(sandbox, words(after));
		const left = await sandbox.leftovers(patienceMs.leftovers);
		return [...problems, ...left, ...(await passes(sandbox, words(next)))];
	},
});

async function hasEnded(tool: Tool): Promise<string[]> {
	const within = (ms: number) => Promise.race([tool.ended.then(() => true), sleep(ms, false)]);
	if (await within(patienceMs.alone)) return [];
	tool.signal('SIGTERM');
	return (await within(patienceMs.asked)) ? [] : ['the tool has not ended'];
}

async function passes(sandbox: Sandbox, args: readonly string[]): Promise<string[]> {
	const { status, stderr } = await runTool(sandbox, args);
	return status === 0 ? [] : [`the next \`rehearse ${args.join(' ')}\` ended with ${status}: ${stderr.trim().split('\n').slice(-3).join(' | ')}`];
}

/** All kinds by name. */
export const kinds: Readonly<Record<string, Kind>> = {
	fake,
	cold: ofTool({ args: ['run', 'LAB', '--cold'], spanMs: 90_000 }),
	warm: ofTool({ args: ['run', 'LAB'], spanMs: 30_000 }),
	up: ofTool({ args: ['up', 'LAB'], spanMs: 40_000, after: ['down', '--all'] }),
	watch: ofTool({ args: ['watch', 'LAB'], spanMs: 40_000 }),
	debug: ofTool({ before: ['up', 'LAB'], args: ['debug', 'box'], spanMs: 30_000, after: ['down', '--all'], input: 'step\nstep\nback\nstep\n' }),
	build: ofTool({ args: ['image', 'LAB'], spanMs: 120_000, cache: 'empty', next: ['image', 'LAB'] }),
};
