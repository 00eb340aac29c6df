/** A script that is debugged on this host, with a pair of pipes as its port. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { Duplex, type Readable, type Writable } from 'node:stream';
import type { ExecutionContext } from 'ava';
import { packageRoot } from '../../../src/base/package-root.js';
import { DebugChannel } from '../../../src/machine/debugging/channel.js';
import type { DebugAnswer, DebugStop, Going } from '../../../src/machine/debugging/messages.js';

export interface Ended {
	readonly kind: 'ended';
	readonly status: number | null;
	readonly output: string;
}

export interface Debugged {
	/** Goes on, to the next stop or to the end. */
	go(going?: Partial<Going>, request?: 'go' | 'skip'): Promise<DebugStop | Ended>;
	ask(request: 'eval' | 'instead', command: string): Promise<DebugAnswer>;
	variables(...names: string[]): Promise<DebugAnswer>;
	readonly first: Promise<DebugStop | Ended>;
	/** The host goes away; resolves to the end of the script. */
	hangUp(): Promise<Ended>;
}

/** How long anything may take, in milliseconds. */
const patienceMs = 20_000;

/** The command line and environment of a script, with its debugger where a port is given, in a directory of its own. */
async function stage(t: ExecutionContext, lines: readonly string[]): Promise<{ directory: string; script: string; debugger: string; output: string }> {
	const directory = await mkdtemp(path.join(os.tmpdir(), 'debug-'));
	t.teardown(() => rm(directory, { recursive: true, force: true }));
	const at = (name: string) => path.join(directory, name);
	const text = await readFile(path.join(packageRoot(), 'cloud-init', 'guest', 'debug.bash'), 'utf8');
	const local = text
		.replaceAll('/run/rehearse/debug', at('scratch'))
		// One descriptor is one direction here: 3 is for commands, 4 for messages.
		.replace(/<>\/dev\/virtio-ports\/\S+;/, '<&3;')
		.replaceAll('>&"$__rehearse_port"\n}', '>&4\n}');
	await writeFile(at('debug.bash'), local);
	await writeFile(at('script'), `${lines.join('\n')}\n`);
	return { directory, script: at('script'), debugger: at('debug.bash'), output: at('output') };
}

/** Starts a script under the debugger; its output goes to a file, as in the guest. */
export async function startDebugged(t: ExecutionContext, lines: readonly string[]): Promise<Debugged> {
	const place = await stage(t, lines);
	const out = openSync(place.output, 'a');
	const child = spawn('bash', [place.script], {
		stdio: ['ignore', out, out, 'pipe', 'pipe'],
		env: { PATH: process.env['PATH'], BASH_ENV: place.debugger },
		cwd: place.directory,
	});
	closeSync(out);
	t.teardown(() => child.kill('SIGKILL'));
	const [writable, readable] = [child.stdio[3] as Writable, child.stdio[4] as unknown as Readable];
	const line = new DebugChannel(Duplex.from({ writable, readable }));
	const ended = once(child, 'exit').then(
		async ([status]): Promise<Ended> => ({ kind: 'ended', status: status as number | null, output: await readFile(place.output, 'utf8') }),
	);
	// A test that leaves its script where it is stopped takes the output away before anybody reads it.
	ended.catch(() => undefined);
	const late = <T>(promise: Promise<T>): Promise<T> =>
		Promise.race([
			promise,
			new Promise<never>((_resolve, reject) => setTimeout(() => reject(new Error('nothing came')), patienceMs).unref()),
		]);
	const next = () => late(Promise.race([line.next('at'), ended]));
	return {
		first: next(),
		go: ({ mode = 'step', depth = 0, lines: stops = [] } = {}, request = 'go') => {
			line.send({ request, mode, depth, lines: stops });
			return next();
		},
		ask: (request, command) => {
			line.send({ request, command });
			return late(line.next('answer'));
		},
		variables: (...names) => {
			line.send({ request: 'variables', names });
			return late(line.next('answer'));
		},
		hangUp: () => {
			writable.end();
			return late(ended);
		},
	};
}

/** Runs a script without any debugger, in the same surroundings. */
export async function runAlone(t: ExecutionContext, lines: readonly string[]): Promise<Ended> {
	const place = await stage(t, lines);
	const out = openSync(place.output, 'a');
	const child = spawn('bash', [place.script], {
		stdio: ['ignore', out, out, 'pipe', 'pipe'],
		env: { PATH: process.env['PATH'] },
		cwd: place.directory,
	});
	closeSync(out);
	const status = await new Promise<number | null>((resolve) => child.once('exit', resolve));
	return { kind: 'ended', status, output: await readFile(place.output, 'utf8') };
}
