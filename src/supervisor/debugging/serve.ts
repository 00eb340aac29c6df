/** Answers a debugger over a stream, until it is done or gone. */
import path from 'node:path';
import type { Duplex } from 'node:stream';
import type { CleanupStack } from '../../base/cleanup.js';
import { toFailure, toReported, usageFailure } from '../../base/errors.js';
import { washed } from '../../base/wash.js';
import { onLines } from '../../base/lines.js';
import { Semaphore } from '../../base/semaphore.js';
import type { Emit } from '../../lab/events.js';
import type { StartupScript } from '../../lab/lab.js';
import { canBeStepped } from '../../protocol/breakpoints.js';
import type { DebugReply, DebugRequest, DebugResponse, Interruption } from '../../protocol/debugger.js';
import type { RunSpec } from '../../protocol/run-spec.js';
import { scriptsOf, type StartedMachine } from '../start-machine.js';
import type { RunningNode } from '../running-node.js';
import type { Saver } from '../saver.js';
import { Pauser } from './pauser.js';
import { MachineLife } from './machine-life.js';
import { SavePoints } from './save-points.js';
import { DebugSession } from './session.js';

/** A lab that somebody debugs a node of. */
export interface DebuggedLab {
	readonly runSpec: RunSpec;
	readonly nodes: readonly RunningNode[];
	readonly saver: Saver;
	readonly signal: AbortSignal;
	readonly cleanup: CleanupStack;
	/** Called with every machine that is started. */
	readonly onStart: (started: StartedMachine) => void;
}

/** The scripts of a node that stop, by name. @throws Failure `usage` when there are none */
export function scriptsToStep(node: string, scripts: readonly StartupScript[], wanted: string | undefined): readonly string[] {
	const names = scripts.map(({ name }) => name);
	if (wanted !== undefined && !names.includes(wanted)) {
		throw usageFailure(`${node} has no startup script '${wanted}'`, { node, hint: `its scripts are ${names.join(', ') || 'none'}` });
	}
	const meant = scripts.filter(({ name }) => wanted === undefined || name === wanted);
	const steppable = meant.filter(({ text }) => canBeStepped(text)).map(({ name }) => name);
	if (steppable.length > 0) return steppable;
	throw usageFailure(
		meant.length === 0 ? `${node} has no startup script` : `only bash can be stepped, and ${meant.map(({ name }) => name).join(', ')} of ${node} is run by something else`,
		{ node },
	);
}

/** Resolves when everything goes on again, with the script over or left to itself. Never rejects. */
export async function serveDebugger(lab: DebuggedLab, node: RunningNode, script: string | undefined, stream: Duplex): Promise<void> {
	const send = (message: DebugResponse) => {
		if (stream.writable) stream.write(`${JSON.stringify(washed(message))}\n`);
	};
	const emit = node.observing((event) => send({ event }));
	const session = makeSession(lab, node, script, emit);
	// A lab that stays for weeks is debugged many times.
	const withdraw = lab.cleanup.defer(`debugger of ${node.name}`, () => session.dispose());
	const semaphore = new Semaphore(1);
	let isOver = false;
	const answer = async (body: () => Promise<DebugReply | undefined>) => {
		try {
			const reply = await body();
			if (reply) send({ reply });
		} catch (error) {
			send({ refused: toReported(toFailure(error)) });
		}
	};
	const over = new Promise<void>((resolve) => {
		const end = () => {
			isOver = true;
			session.interrupt();
			resolve();
		};
		stream.on('error', end).once('close', end);
		onLines(stream, {
			onEnd: end,
			onLine(line) {
				const request = parse(line);
				if (request.do === 'interrupt') return session.interrupt();
				if (request.do === 'quit') void quit().then(end);
				else void semaphore.take(() => answer(() => session.do(request)));
			},
		});
	});
	// What is left of the scripts may hang, and its last word need not be waited for: by then the lab goes on.
	const quit = () =>
		answer(async () => {
			await semaphore.take(() => session.release());
			const position = await Promise.race([session.rest, over]);
			return position ? { position } : undefined;
		});
	await semaphore.take(async () => {
		try {
			if (!isOver) send({ reply: await session.begin() });
		} catch (error) {
			send({ refused: toReported(toFailure(error)) });
			stream.end();
		}
	});
	await over;
	// Whoever was there is gone, perhaps in the middle of something.
	await semaphore.take(() => session.release().catch(() => undefined));
	void session.rest.finally(withdraw).catch(() => undefined);
	stream.end();
}

/** A line that is none of ours is taken for one that asks for nothing that there is. */
function parse(line: string): DebugRequest | Interruption {
	try {
		return JSON.parse(line) as DebugRequest | Interruption;
	} catch {
		return { do: line } as unknown as DebugRequest;
	}
}

function makeSession(lab: DebuggedLab, node: RunningNode, script: string | undefined, emit: Emit): DebugSession {
	const { runSpec, nodes, saver, signal, cleanup, onStart } = lab;
	const startupScripts = scriptsOf(node.name, runSpec);
	const stepped = scriptsToStep(node.name, startupScripts, script);
	const deadlines = { deadlineMs: runSpec.deadlines.stateMs, signal };
	const session = new DebugSession({
		node,
		life: new MachineLife(node, (name) => stepped.includes(name), { lab: runSpec, emit, signal, cleanup, saver, onStart }),
		pauser: new Pauser(nodes, node, signal),
		points: new SavePoints(path.join(runSpec.disks, `debug-${node.name}-${Date.now()}`), deadlines),
		texts: new Map(startupScripts.map(({ name, text }) => [name, text])),
		debugged: script ?? '*',
		emit,
		signal,
	});
	return session;
}
