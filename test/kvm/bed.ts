/** What the steps of the bed have in hand: the tool inside the outer machine, and what its runs came to. */
import { ok, strictEqual } from 'node:assert';
import { lastLines } from '../../src/base/format.js';
import { pasteable } from '../../src/base/shell.js';
import type { RunResult } from '../../src/outcome/result.js';
import type { CommandResult } from '../../src/process/run.js';
import type { OuterMachine, OuterUser } from './outer-machine.js';

/** Where things are in the outer machine. */
export const places = {
	program: '/bed/rehearse/dist/bin/main.js',
	single: '/bed/rehearse/test/labs/single',
	pair: '/bed/rehearse/test/labs/pair',
	/** Edited copies of labs. */
	labs: '/bed/labs',
	cache: '/bed/cache',
	state: '/bed/state',
	/** Of the ordinary user. */
	ofUser: '/bed/user',
	checkpoints: '/bed/cache/rehearse/checkpoints',
};

/** Waits that no measurement of guests scales are this many times longer in the outer machine. */
const patience = 5;

const commandDeadlineMs = 15 * 60_000;

export interface ToolOptions {
	/** The exit status that is expected; 0 otherwise. */
	readonly status?: number;
	readonly user?: OuterUser;
	readonly cache?: string;
	/** What it reads on standard input. */
	readonly input?: string;
	readonly accelerator?: 'kvm' | 'auto';
}

/** The tool in the outer machine. */
export class Bed {
	readonly outer: OuterMachine;

	constructor(outer: OuterMachine) {
		this.outer = outer;
	}

	/** Runs a shell command as root, which has to succeed; resolves to its output. */
	async shell(command: string): Promise<string> {
		const { exitCode, stdout, stderr } = await this.outer.shell(command, { timeoutMs: commandDeadlineMs });
		strictEqual(exitCode, 0, `${command}\n${lastLines(stderr, 10)}`);
		return stdout;
	}

	/** Runs a command of the tool, with KVM and no fallback unless the options are others, and expects its exit status. */
	async tool(args: readonly string[], options: ToolOptions = {}): Promise<CommandResult> {
		const { status = 0, user = 'root', cache = places.cache, input, accelerator = 'kvm' } = options;
		const home = user === 'root' ? '/bed' : places.ofUser;
		const variables = [
			`XDG_CACHE_HOME=${user === 'root' ? cache : `${home}/cache`}`,
			`XDG_STATE_HOME=${home}/state`,
			`REHEARSE_ACCEL=${accelerator}`,
			`REHEARSE_PATIENCE=${patience}`,
			// As bin/rehearse has it: an ordinary user finds dnsmasq by it.
			'PATH=/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin',
		];
		const command = pasteable(['env', ...variables, 'node', places.program, ...args]);
		const fed = input === undefined ? command : `printf %s ${pasteable([input])} | ${command}`;
		const ended = await this.outer.shell(fed, { timeoutMs: commandDeadlineMs, user });
		strictEqual(ended.exitCode, status, `rehearse ${args.join(' ')}\n${lastLines(`${ended.stdout}\n${ended.stderr}`, 150)}`);
		return ended;
	}

	/** Rehearses a lab; the verdict has to be `passed` where no exit status is expected. */
	async rehearse(args: readonly string[], options: ToolOptions = {}): Promise<{ readonly result: RunResult; readonly stderr: string }> {
		const { stdout, stderr } = await this.tool(['run', ...args, '--json'], options);
		const result = JSON.parse(stdout) as RunResult;
		if (options.accelerator === undefined) strictEqual(result.accelerator?.name, 'kvm', stderr);
		return { result, stderr };
	}

	/** Copies a lab and edits its files with sed(1); resolves to the copy. */
	async editLab(lab: string, name: string, script: string): Promise<string> {
		const copy = `${places.labs}/${name}`;
		await this.shell(`mkdir -p ${places.labs} && rm -rf ${copy} && cp -a ${lab} ${copy} && sed -E -i ${pasteable([script])} ${copy}/plan.yaml`);
		return copy;
	}
}

/** What a node of a run began with: a checkpoint of that kind, or none. */
type Beginning = 'provisioned' | 'started' | 'power-on';

/** Every node of a run began with that, or each with its own. */
export function cameFrom({ result, stderr }: { readonly result: RunResult; readonly stderr: string }, expected: Beginning | Readonly<Record<string, Beginning>>): void {
	for (const { name, origin } of result.nodes) {
		ok(origin, `${name} came from nowhere`);
		strictEqual(origin.from === 'checkpoint' ? origin.kind : origin.from, typeof expected === 'string' ? expected : expected[name], `${name}: ${JSON.stringify(origin)}\n${lastLines(stderr, 30)}`);
	}
}
