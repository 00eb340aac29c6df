/** A node whose startup scripts somebody steps through, while the whole lab stands still with them. */
import { toFailure, usageFailure } from '../../base/errors.js';
import { withEither } from '../../base/waiting.js';
import { stage } from '../../lab/stage.js';
import type { Emit } from '../../lab/events.js';
import type { DebugAnswer, DebugStop, DebugWord, Going } from '../../machine/debugging/words.js';
import type { Arrived } from '../arrival.js';
import type { RunningNode } from '../running-node.js';
import type { Freezer } from './freezer.js';
import type { MachineLife } from './machine-life.js';
import { isWithinPipeline, readPlaces } from '../../protocol/breakpoints.js';
import type { DebugReply, DebugRequest, Standing } from '../../protocol/debugger.js';
import type { SavePoints } from './save-points.js';

export interface DebugSessionParts {
	readonly node: RunningNode;
	readonly life: MachineLife;
	readonly freezer: Freezer;
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
	#arrived: Arrived | undefined;
	/** Rejects when the machine breaks; of the machine that there is. */
	#ended: Promise<Standing> = new Promise(() => undefined);
	#leaving = new AbortController();
	#standing: Standing | undefined;
	/** How it will stand next; until then it runs, or is interrupted. */
	#coming: Promise<Standing> | undefined;
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
		this.#machine.tell(`debug ${debugged}`);
		this.#coming = this.#listen();
		return this.#stand();
	}

	/** Has all machines stand still, wherever the script is. */
	interrupt(): void {
		this.#interrupt();
	}

	/** @throws Failure `usage` for what cannot be done as it stands */
	async do(request: DebugRequest): Promise<DebugReply> {
		const { points, freezer, node } = this.#parts;
		await points.settle();
		switch (request.do) {
			case 'go':
				return this.#go('go', request);
			case 'evaluate':
				return this.#ask({ word: 'eval', command: request.command });
			case 'variables':
				return this.#ask({ word: 'variables', names: request.names }, node);
			case 'instead':
				return this.#replaceCommand(request);
			case 'back':
				return this.#back(request.steps);
			case 'thaw':
				await freezer.thaw();
				return {};
			case 'freeze':
				await freezer.freeze();
				return {};
			case 'quit':
				await this.release();
				return { standing: await this.#rest };
			default:
				throw usageFailure('the debugger of the lab does not know that');
		}
	}

	/** Lets everything go on. The rest of the scripts runs without anybody. */
	async release(): Promise<void> {
		const { points, freezer } = this.#parts;
		if (this.#isReleased) return;
		this.#isReleased = true;
		await points.settle();
		await points.clear();
		const standing = this.#standing;
		this.#standing = undefined;
		await freezer.thaw();
		this.#rest = this.#runOut(standing);
		void this.#rest.catch(() => undefined);
	}

	/** How the scripts end once they are let go. */
	#rest: Promise<Standing> = new Promise(() => undefined);

	async #runOut(standing: Standing | undefined): Promise<Standing> {
		const { node, life, emit } = this.#parts;
		const arrived = this.#arrived;
		const run = async (): Promise<Standing> => {
			let last = standing?.kind === 'interrupted' || standing === undefined ? await this.#coming : standing;
			while (last?.kind === 'at') {
				this.#machine.debugLine.say({ word: 'go', mode: 'free', depth: 0, lines: [] });
				last = await this.#listen();
			}
			return last ?? { kind: 'broken', message: `${node.name} was not started` };
		};
		const last = await run();
		// Another machine may be the node's by now.
		if (node.arrived !== arrived) return last;
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
		if (this.#arrived) return this.#arrived.machine;
		throw usageFailure(`${this.#parts.node.name} has no machine`);
	}

	/** From now on it is this machine. */
	#take(arrived: Arrived): void {
		const { signal, node, life } = this.#parts;
		this.#leaving.abort();
		this.#leaving = new AbortController();
		this.#arrived = arrived;
		const options = { deadlineMs: dayMs, what: 'the end of its startup scripts was' };
		const started = withEither([signal, this.#leaving.signal], (either) => arrived.machine.waitFor('started', { ...options, signal: either }));
		this.#ended = started.then(
			() => ({ kind: 'ended', startup: life.scripts.status }),
			(error: unknown) => ({ kind: 'broken', message: toFailure(error).message, node: node.name }),
		);
	}

	/** How it stands next. */
	#listen(): Promise<Standing> {
		return Promise.race([this.#machine.debugLine.next('at'), this.#ended]);
	}

	/** Waits until the script stands, or is interrupted, and has everything stand still; a new stop is saved meanwhile. */
	async #stand(): Promise<DebugReply> {
		const { freezer, points, signal } = this.#parts;
		const interrupted = new Promise<Standing>((resolve) => {
			this.#interrupt = () => resolve({ kind: 'interrupted' });
		});
		const standing = await Promise.race([this.#coming ?? this.#ended, interrupted]);
		this.#interrupt = () => undefined;
		await freezer.freeze();
		signal.throwIfAborted();
		const before = this.#standing;
		this.#standing = standing;
		if (standing.kind !== 'interrupted') this.#coming = undefined;
		const saved = points.cost;
		if (standing.kind === 'at' && standing !== before && this.#arrived) points.begin(this.#arrived, standing);
		return { standing, ...(saved ? { saved } : {}) };
	}

	async #go(word: 'go' | 'skip', request: Pick<Extract<DebugRequest, { do: 'go' }>, 'mode' | 'lines'>): Promise<DebugReply> {
		const { freezer, texts } = this.#parts;
		const standing = this.#standing;
		if (standing?.kind === 'interrupted') {
			await freezer.thaw();
			return this.#stand();
		}
		let at = this.#requireStop();
		const { mode, lines } = request;
		const depth = mode === 'out' ? at.depth - 1 : at.depth;
		const going: Going = { mode: mode === 'out' ? 'over' : mode, depth, lines };
		await freezer.thaw();
		const script = readPlaces(texts.get(at.script) ?? '');
		let next = word;
		const onwards = async (): Promise<Standing> => {
			for (;;) {
				this.#machine.debugLine.say({ word: next, ...going });
				const stop = await this.#listen();
				if (stop.kind !== 'at' || stop.isFatal || stop.script !== at.script || !isWithinPipeline(script, stop)) return stop;
				[at, next] = [stop, 'go'];
			}
		};
		this.#coming = onwards();
		return this.#stand();
	}

	/** Asks the script's shell. The answer does not come where it ends of that, or somebody interrupts it. */
	async #ask(word: DebugWord, only?: RunningNode): Promise<DebugReply> {
		const at = this.#requireStop();
		let answer: DebugAnswer | undefined;
		await this.#parts.freezer.thaw(only);
		this.#machine.debugLine.say(word);
		const answered = this.#machine.debugLine.next('answer').then((message) => {
			answer = message;
			return at;
		});
		this.#coming = Promise.race([answered, this.#ended]);
		const { standing } = await this.#stand();
		return { ...(answer ? { answer } : {}), ...(standing && standing !== at ? { standing } : {}) };
	}

	async #replaceCommand({ command, lines }: Extract<DebugRequest, { do: 'instead' }>): Promise<DebugReply> {
		if (this.#requireStop().isFatal) {
			throw usageFailure('the command has failed already', { hint: 'go back before it' });
		}
		const reply = await this.#ask({ word: 'instead', command });
		if (reply.answer?.status !== 0 || this.#standing?.kind !== 'at') return reply;
		return { ...reply, ...(await this.#go('skip', { mode: 'step', lines })) };
	}

	async #back(steps: number): Promise<DebugReply> {
		const { points, life } = this.#parts;
		// Where it stands at no stop, the last stop is one step back.
		const point = await points.takeBack(this.#standing?.kind === 'at' ? steps : Math.max(0, steps - 1));
		const began = performance.now();
		this.#coming = undefined;
		try {
			this.#take(await life.restore(point, points));
			this.#standing = point.stop;
		} catch (error) {
			this.#standing = { kind: 'broken', message: toFailure(error).message };
		}
		return { standing: this.#standing, restoredMs: Math.round(performance.now() - began) };
	}

	#requireStop(): DebugStop {
		if (this.#standing?.kind === 'at') return this.#standing;
		const why = { interrupted: 'a command is still running', broken: 'the machine is broken', ended: 'the scripts are over' } as const;
		throw usageFailure(this.#standing ? why[this.#standing.kind] : 'the scripts were let go', { hint: 'it can go back' });
	}
}
