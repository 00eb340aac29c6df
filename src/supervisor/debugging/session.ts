/** A node whose startup scripts somebody steps through, while the whole lab is paused with them. */
import { toFailure, usageFailure } from '../../base/errors.js';
import { withEither } from '../../base/waiting.js';
import { stage } from '../../lab/stage.js';
import type { Emit } from '../../lab/events.js';
import type { DebugAnswer, DebugStop, DebugCommand, Going } from '../../machine/debugging/messages.js';
import type { StartedMachine } from '../start-machine.js';
import type { RunningNode } from '../running-node.js';
import type { Pauser } from './pauser.js';
import type { MachineLife } from './machine-life.js';
import { isWithinPipeline, readPlaces } from '../../protocol/breakpoints.js';
import type { DebugReply, DebugRequest, DebugPosition } from '../../protocol/debugger.js';
import type { SavePoints } from './save-points.js';

export interface DebugSessionParts {
	readonly node: RunningNode;
	readonly life: MachineLife;
	readonly pauser: Pauser;
	readonly points: SavePoints;
	/** Texts of the scripts by name. */
	readonly texts: ReadonlyMap<string, string>;
	/** Which scripts stop: a name, or `*` for all. */
	readonly debugged: string;
	readonly emit: Emit;
	readonly signal: AbortSignal;
}

/** How long a script may take at most, in milliseconds: somebody thinks, and may interrupt it. */
const dayMs = 86_400_000;

/** One at a time does something here, but for `interrupt`. */
export class DebugSession {
	readonly #parts: DebugSessionParts;
	#started: StartedMachine | undefined;
	/** Rejects when the machine breaks; of the machine that there is. */
	#ended: Promise<DebugPosition> = new Promise(() => undefined);
	#leaving = new AbortController();
	#position: DebugPosition | undefined;
	/** Its next stop; until then it runs, or is interrupted. */
	#coming: Promise<DebugPosition> | undefined;
	#interrupt: () => void = () => undefined;
	#isReleased = false;

	constructor(parts: DebugSessionParts) {
		this.#parts = parts;
	}

	/** Brings the node to where its startup scripts begin, and them to their first command. */
	async begin(): Promise<DebugReply> {
		const { life, debugged, emit, node } = this.#parts;
		this.#take(await life.begin());
		emit({ type: 'stage-started', stage: 'startup', node: node.name });
		this.#machine.agent.send(`debug ${debugged}`);
		this.#coming = this.#listen();
		return this.#waitForStop();
	}

	/** Pauses all machines, wherever the script is. */
	interrupt(): void {
		this.#interrupt();
	}

	/** @throws Failure `usage` for what cannot be done at this position */
	async do(request: DebugRequest): Promise<DebugReply> {
		const { points, pauser, node } = this.#parts;
		await points.settle();
		switch (request.do) {
			case 'go':
				return this.#go('go', request);
			case 'evaluate':
				return this.#ask({ request: 'eval', command: request.command });
			case 'variables':
				return this.#ask({ request: 'variables', names: request.names }, node);
			case 'instead':
				return this.#replaceCommand(request);
			case 'back':
				return this.#back(request.steps);
			case 'resume':
				await pauser.resume();
				return {};
			case 'pause':
				await pauser.pause();
				return {};
			default:
				throw usageFailure('the debugger of the lab does not know that');
		}
	}

	/** Lets everything go on. The rest of the scripts runs without anybody. */
	async release(): Promise<void> {
		const { points, pauser } = this.#parts;
		if (this.#isReleased) return;
		this.#isReleased = true;
		await points.settle();
		await points.clear();
		const position = this.#position;
		this.#position = undefined;
		await pauser.resume();
		this.#rest = this.#runOut(position);
		void this.#rest.catch(() => undefined);
	}

	/** How the scripts end once the debugger has left them; not before it has. */
	get rest(): Promise<DebugPosition> {
		return this.#rest;
	}

	#rest: Promise<DebugPosition> = new Promise(() => undefined);

	async #runOut(position: DebugPosition | undefined): Promise<DebugPosition> {
		const { node, life, emit } = this.#parts;
		const started = this.#started;
		const run = async (): Promise<DebugPosition> => {
			let last = position?.kind === 'interrupted' || position === undefined ? await this.#coming : position;
			while (last?.kind === 'at') {
				this.#machine.agent.debugChannel.send({ request: 'go', mode: 'free', depth: 0, lines: [] });
				last = await this.#listen();
			}
			return last ?? { kind: 'broken', message: `${node.name} was not started` };
		};
		const last = await run();
		// Another machine may be the node's by now.
		if (node.started !== started) return last;
		const status = last.kind === 'ended' ? last.startup : 'error';
		await stage(emit, 'startup', async () => status, (value) => value, node.name);
		if (last.kind === 'ended') node.settle(life.scripts.status);
		else await node.end();
		return last;
	}

	/** Waits for nothing any more. */
	dispose(): void {
		this.#leaving.abort();
	}

	get #machine() {
		if (this.#started) return this.#started.machine;
		throw usageFailure(`${this.#parts.node.name} has no machine`);
	}

	/** From now on it is this machine. */
	#take(started: StartedMachine): void {
		const { signal, node, life } = this.#parts;
		this.#leaving.abort();
		this.#leaving = new AbortController();
		this.#started = started;
		const options = { deadlineMs: dayMs, what: 'the end of its startup scripts was' };
		const whenStarted = withEither([signal, this.#leaving.signal], (either) => started.machine.agent.waitFor('started', { ...options, signal: either }));
		this.#ended = whenStarted.then(
			() => ({ kind: 'ended', startup: life.scripts.status }),
			(error: unknown) => ({ kind: 'broken', message: toFailure(error).message, node: node.name }),
		);
	}

	/** Its next position. */
	#listen(): Promise<DebugPosition> {
		return Promise.race([this.#machine.agent.debugChannel.next('at'), this.#ended]);
	}

	/** Waits until the script stops, or is interrupted, and pauses everything; a new stop is saved meanwhile. */
	async #waitForStop(): Promise<DebugReply> {
		const { pauser, points, signal } = this.#parts;
		const interrupted = new Promise<DebugPosition>((resolve) => {
			this.#interrupt = () => resolve({ kind: 'interrupted' });
		});
		const position = await Promise.race([this.#coming ?? this.#ended, interrupted]);
		this.#interrupt = () => undefined;
		await pauser.pause();
		signal.throwIfAborted();
		const before = this.#position;
		this.#position = position;
		if (position.kind !== 'interrupted') this.#coming = undefined;
		const saved = points.cost;
		if (position.kind === 'at' && position !== before && this.#started) points.begin(this.#started, position);
		return { position, ...(saved ? { saved } : {}) };
	}

	async #go(how: 'go' | 'skip', request: Pick<Extract<DebugRequest, { do: 'go' }>, 'mode' | 'lines'>): Promise<DebugReply> {
		const { pauser, texts } = this.#parts;
		const position = this.#position;
		if (position?.kind === 'interrupted') {
			await pauser.resume();
			return this.#waitForStop();
		}
		let at = this.#requireStop();
		const { mode, lines } = request;
		const depth = mode === 'out' ? at.depth - 1 : at.depth;
		const going: Going = { mode: mode === 'out' ? 'over' : mode, depth, lines };
		await pauser.resume();
		const script = readPlaces(texts.get(at.script) ?? '');
		let next = how;
		const onwards = async (): Promise<DebugPosition> => {
			for (;;) {
				this.#machine.agent.debugChannel.send({ request: next, ...going });
				const stop = await this.#listen();
				if (stop.kind !== 'at' || stop.isFatal || stop.script !== at.script || !isWithinPipeline(script, stop)) return stop;
				[at, next] = [stop, 'go'];
			}
		};
		this.#coming = onwards();
		return this.#waitForStop();
	}

	/** Asks the script's shell. The answer does not come where it ends of that, or somebody interrupts it. */
	async #ask(command: DebugCommand, only?: RunningNode): Promise<DebugReply> {
		const at = this.#requireStop();
		let answer: DebugAnswer | undefined;
		await this.#parts.pauser.resume(only);
		this.#machine.agent.debugChannel.send(command);
		const answered = this.#machine.agent.debugChannel.next('answer').then((message) => {
			answer = message;
			return at;
		});
		this.#coming = Promise.race([answered, this.#ended]);
		const { position } = await this.#waitForStop();
		return { ...(answer ? { answer } : {}), ...(position && position !== at ? { position } : {}) };
	}

	async #replaceCommand({ command, lines }: Extract<DebugRequest, { do: 'instead' }>): Promise<DebugReply> {
		if (this.#requireStop().isFatal) {
			throw usageFailure('the command has failed already', { hint: 'go back before it' });
		}
		const reply = await this.#ask({ request: 'instead', command });
		if (reply.answer?.status !== 0 || this.#position?.kind !== 'at') return reply;
		return { ...reply, ...(await this.#go('skip', { mode: 'step', lines })) };
	}

	async #back(steps: number): Promise<DebugReply> {
		const { points, life } = this.#parts;
		// Where the script is at no stop, the last stop is one step back.
		const point = await points.takeBack(this.#position?.kind === 'at' ? steps : Math.max(0, steps - 1));
		const began = performance.now();
		this.#coming = undefined;
		try {
			this.#take(await life.restore(point, points));
			this.#position = point.stop;
		} catch (error) {
			this.#position = { kind: 'broken', message: toFailure(error).message };
		}
		return { position: this.#position, restoredMs: Math.round(performance.now() - began) };
	}

	#requireStop(): DebugStop {
		if (this.#position?.kind === 'at') return this.#position;
		const why = { interrupted: 'a command is still running', broken: 'the machine is broken', ended: 'the scripts are over' } as const;
		throw usageFailure(this.#position ? why[this.#position.kind] : 'the debugger has left the scripts', { hint: 'it can go back' });
	}
}
