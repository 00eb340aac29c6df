/** The tool as a person starts it: a process with arguments, signals, two streams and an exit status. */
import { spawn, type ChildProcess } from 'node:child_process';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { poll } from '../../../src/base/waiting.js';
import type { RunResult } from '../../../src/outcome/result.js';
import type { HostProcess, Sandbox } from './sandbox.js';

/** Tests run from the root of the repository. */
const program = path.resolve('dist', 'bin', 'main.js');

export interface Ended {
	/** As a shell has it: 128 and the signal's number where a signal ended it. */
	readonly status: number;
	readonly stdout: string;
	readonly stderr: string;
	/** Milliseconds from its start to its end. */
	readonly ms: number;
}

export interface ToolOptions {
	/** A command that runs the tool, such as `unshare`, with its own arguments; it has to become the tool. */
	readonly through?: readonly string[];
	readonly env?: NodeJS.ProcessEnv;
	readonly cwd?: string;
	/** What it reads on standard input; the end of the file at once where there is none. */
	readonly input?: string;
}

/** A run of the tool that goes on, or has ended. */
export class Tool {
	readonly ended: Promise<Ended>;
	readonly #child: ChildProcess;
	readonly #sandbox: Sandbox;
	#stdout = '';
	#stderr = '';
	#isOver = false;

	/** Starts the tool in a sandbox, which ends it with the test; or, for `start`, another program. */
	constructor(sandbox: Sandbox, args: readonly string[], { through = [], env = {}, cwd, input }: ToolOptions = {}, start: readonly string[] = [process.execPath, program]) {
		const [command = '', ...rest] = [...through, ...start, ...args];
		const began = performance.now();
		this.#sandbox = sandbox;
		this.#child = spawn(command, rest, { env: { ...sandbox.env, ...env }, stdio: ['pipe', 'pipe', 'pipe'], ...(cwd === undefined ? {} : { cwd }) });
		this.#child.stdin?.on('error', () => undefined).end(input);
		this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.#stdout += text));
		this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.#stderr += text));
		this.ended = new Promise((resolve, reject) => {
			this.#child.once('error', reject);
			this.#child.once('close', (code, signal) => {
				this.#isOver = true;
				const status = code ?? 128 + (signal ? os.constants.signals[signal] : 0);
				resolve({ status, stdout: this.#stdout, stderr: this.#stderr, ms: performance.now() - began });
			});
		});
	}

	/** Everything on standard output so far. */
	get stdout(): string {
		return this.#stdout;
	}

	/** Everything on standard error so far. */
	get stderr(): string {
		return this.#stderr;
	}

	/** Waits until standard error matches. Rejects, with its standard error, after `ms` and when the tool ends without it. */
	reports(pattern: RegExp, ms: number): Promise<RegExpExecArray> {
		return this.#writes(() => this.#stderr, pattern, ms);
	}

	/** The same of standard output. */
	prints(pattern: RegExp, ms: number): Promise<RegExpExecArray> {
		return this.#writes(() => this.#stdout, pattern, ms);
	}

	async #writes(text: () => string, pattern: RegExp, ms: number): Promise<RegExpExecArray> {
		const look = () => Promise.resolve({ match: pattern.exec(text()), isOver: this.#isOver });
		const { last } = await poll(look, ({ match, isOver }) => match !== null || isOver, { intervalMs: 50, deadlineMs: ms });
		if (last.match) return last.match;
		throw new Error(`${last.isOver ? 'ended without' : `nothing in ${ms} ms like`} ${String(pattern)}:\n${this.#stderr}`);
	}

	/** Waits until a process of this run has a command line that matches. Rejects after `ms`. */
	async runs(pattern: RegExp, ms = 20_000): Promise<HostProcess> {
		const look = async () => (await this.#sandbox.processes()).find(({ commandLine }) => pattern.test(commandLine));
		const { last } = await poll(look, (found) => found !== undefined, { intervalMs: 50, deadlineMs: ms });
		if (last) return last;
		throw new Error(`no process like ${String(pattern)} in ${ms} ms:\n${this.#stderr}`);
	}

	signal(name: NodeJS.Signals): void {
		this.#child.kill(name);
	}

	/** Sends a signal twice, the second time before a teardown can be over. */
	async signalTwice(name: NodeJS.Signals): Promise<void> {
		this.signal(name);
		// A signal that is still pending is not sent again (signal(7)).
		await sleep(30);
		this.signal(name);
	}
}

/** Runs the tool to its end. */
export const runTool = (sandbox: Sandbox, args: readonly string[], options?: ToolOptions): Promise<Ended> =>
	new Tool(sandbox, args, options).ended;

/** Runs a step of a workflow to its end, in the directory of a job that has the tool in `.rehearse`. */
export const runStep = (sandbox: Sandbox, directory: string, argv: readonly string[], env: NodeJS.ProcessEnv): Promise<Ended> =>
	new Tool(sandbox, [], { cwd: directory, env: { REHEARSE_NO_SETUP: '1', ...env } }, argv).ended;

/** The object of `--json`. Throws, with the tool's standard error, where there is none. */
export function resultIn({ stdout, stderr, status }: Ended): RunResult {
	try {
		return JSON.parse(stdout) as RunResult;
	} catch (cause) {
		throw new Error(`no result on stdout, exit status ${status}:\n${stdout}${stderr}`, { cause });
	}
}
