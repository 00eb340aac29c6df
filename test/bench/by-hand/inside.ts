/**
 * The by-hand rehearsal, as a program that runs inside namespaces of its own: network, machines, the loop that waits,
 * the assertions, the end. It takes what to do as a line of JSON on standard input and reports each step that is done
 * by a line of JSON on standard output; whoever starts it has the clock.
 */
import { createWriteStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { spawn, type ChildProcess } from 'node:child_process';
import { onLines } from '../../../src/base/lines.js';
import { systemClock } from '../../../src/base/waiting.js';
import type { Scenario } from '../../../src/lab/lab.js';
import { run } from '../../../src/process/run.js';
import { runScenario } from '../../../src/scenario/run.js';
import type { GuestCommands } from '../../../src/machine/command-channel.js';
import { dnsmasqArgv, networkBatch, overlayArgv, qemuArgv } from './lab-by-hand.js';
import { connectByHand } from './ssh-guest.js';
import type { ByHandMachine, ByHandNetwork } from './lab-by-hand.js';

/** What is rehearsed. */
export interface ByHandRun {
	readonly machines: readonly ByHandMachine[];
	readonly network: ByHandNetwork;
	readonly scenarios: readonly Scenario[];
	/** What is asked of each guest once it lets somebody in: it waits for the end of the startup scripts, and ends with their status. */
	readonly waitCommand: string;
	/** For leases and for the messages of programs that fail. */
	readonly directory: string;
}

/** What is reported, in this order. */
export type ByHandStep =
	| { readonly step: 'started' }
	| { readonly step: 'ready'; readonly node: string }
	| { readonly step: 'verdict'; readonly assertions: number; readonly failed: readonly string[] }
	| { readonly step: 'broken'; readonly message: string };

/** Between two attempts to get in, as in `until ssh …; do sleep 2; done`. */
const retryMs = 2000;

/** Long enough for an emulated guest that is still busy to let somebody in. */
const loginTimeoutMs = 30_000;

/** When a person would give up and look. */
const patienceMs = 30 * 60_000;

const send = (step: ByHandStep): void => void process.stdout.write(`${JSON.stringify(step)}\n`);

async function rehearseByHand({ machines, network, scenarios, directory, waitCommand }: ByHandRun): Promise<void> {
	await run(['ip', '-batch', '-'], { input: networkBatch(machines, network) });
	// Only a host that forwards answers "unreachable" for somebody else's packet.
	await writeFile('/proc/sys/net/ipv4/ip_forward', '1\n');
	const log = createWriteStream(path.join(directory, 'programs.log'));
	const start = ([program, ...args]: readonly [string, ...string[]]): ChildProcess => {
		const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
		child.stdout?.pipe(log, { end: false });
		child.stderr?.pipe(log, { end: false });
		return child;
	};
	const children = [start(dnsmasqArgv(machines, network, path.join(directory, 'leases')))];
	try {
		await Promise.all(machines.map((machine) => run(overlayArgv(machine))));
		children.push(...machines.map((machine) => start(qemuArgv(machine))));
		send({ step: 'started' });
		const sessions = new Map<string, GuestCommands>();
		await Promise.all(
			machines.map(async (machine) => {
				sessions.set(machine.name, await waitForNode(machine, waitCommand));
				send({ step: 'ready', node: machine.name });
			}),
		);
		const outcomes = await runScenario({
			scenarios,
			guests: (node) => guestOf(sessions, node),
			emit: () => undefined,
			deadlineMs: 5 * 60_000,
			slowdown: 20,
		});
		const failed = outcomes.filter(({ status }) => status !== 'passed');
		send({
			step: 'verdict',
			assertions: outcomes.length,
			failed: failed.map(({ onVm, assertion, message }) => `${onVm}: ${assertion}: ${message ?? ''}`),
		});
	} finally {
		for (const child of children) child.kill('SIGKILL');
	}
}

/** Tries to get in until it succeeds, then waits for cloud-init and the startup scripts. */
async function waitForNode(machine: ByHandMachine, waitCommand: string): Promise<GuestCommands> {
	const deadline = systemClock.now() + patienceMs;
	for (;;) {
		try {
			const session = await connectByHand(machine, loginTimeoutMs);
			const { exitCode, stderr } = await session.run(waitCommand, { timeoutMs: deadline - systemClock.now() });
			if (exitCode === 0) return session;
			throw new Fault(`${machine.name} did not come up (exit status ${exitCode}): ${stderr}`);
		} catch (error) {
			// Whatever keeps somebody out of a machine that boots passes.
			if (error instanceof Fault || systemClock.now() > deadline) throw error;
			await systemClock.sleep(retryMs);
		}
	}
}

/** What no retry fixes. */
class Fault extends Error {}

function guestOf(sessions: ReadonlyMap<string, GuestCommands>, node: string): GuestCommands {
	const session = sessions.get(node);
	if (session) return session;
	throw new Error(`no machine is called ${node}`);
}

/** The first line of standard input. Its end is the end of whoever started this, and with it of everything in here. */
const firstLine = (): Promise<string> =>
	new Promise((resolve) => {
		onLines(process.stdin, { onLine: resolve, onEnd: () => process.exit(1) });
	});

try {
	await rehearseByHand(JSON.parse(await firstLine()) as ByHandRun);
} catch (error) {
	send({ step: 'broken', message: error instanceof Error ? error.message : String(error) });
}
process.exit(0);
