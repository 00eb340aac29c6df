/** Turns the messages of a guest's agent about startup scripts into events. */
import type { Emit, ScriptOutcome, Status } from '../lab/events.js';
import type { StartupScript } from '../lab/lab.js';
import type { AgentMessage } from '../machine/agent-message.js';
import { excerptOf, readScript } from '../trace/read.js';
import { reasonsFor } from '../trace/reasons.js';
import { shutdownInText, shutdownInTrace, type ShutdownPlace } from '../trace/shutdown.js';
import { reasonNotToTrace } from '../trace/traceable.js';

/** How a script of a node ended, by the agent's message and the script's text. */
export function outcomeOf(
	message: Extract<AgentMessage, { readonly kind: 'script-finished' | 'script-repeated' }>,
	node: string,
	text: string,
	whyUntraced: string | undefined,
): ScriptOutcome {
	const { script, status, exitCode, ms } = message;
	const read = readScript(message, text, whyUntraced);
	const reasons = reasonsFor(message, read);
	return { node, script, status, ...(exitCode === undefined ? {} : { exitCode }), ms, ...read, ...(reasons.length === 0 ? {} : { reasons }) };
}

/** Why a script was not traced, if it was not. */
export type WhyUntraced = (script: Pick<StartupScript, 'name' | 'text'>) => string | undefined;

/** Why scripts are not traced that nobody debugs. */
export const whyUntraced =
	(isTracing: boolean): WhyUntraced =>
	({ text }) =>
		isTracing ? reasonNotToTrace(text) : 'tracing was turned off';

/** How many messages of a guest about its scripts are taken: each script begins and ends once, and again when somebody debugs it. */
const maximumMessages = 10_000;

/** The script behind the end of its machine, as far as it is known. */
export interface Suspect extends Partial<ShutdownPlace> {
	readonly script: string;
}

/** Turns the agent's messages about scripts into events, and remembers how each ended the last time. */
export class ScriptReporter {
	readonly #node: string;
	readonly #scripts: readonly StartupScript[];
	readonly #emit: Emit;
	readonly #finished = new Map<string, ScriptOutcome['status']>();
	readonly #whyUntraced: WhyUntraced;
	#taken = 0;
	#running: { readonly script: StartupScript; readonly since: number } | undefined;
	#suspect: Suspect | undefined;

	constructor(node: string, scripts: readonly StartupScript[], whyUntraced: WhyUntraced, emit: Emit) {
		this.#whyUntraced = whyUntraced;
		this.#node = node;
		this.#scripts = scripts;
		this.#emit = emit;
	}

	get status(): Status {
		return [...this.#finished.values()].every((status) => status === 'passed') ? 'passed' : 'failed';
	}

	/** Names of the scripts that were ended. */
	get timedOut(): string[] {
		return [...this.#finished].flatMap(([name, status]) => (status === 'timed-out' ? [name] : []));
	}

	/** Names of the scripts whose end was not reported. */
	get missing(): string[] {
		return this.#scripts.map(({ name }) => name).filter((name) => !this.#finished.has(name));
	}

	/** The script that has most likely taken the machine down: the one that ran then, or the last that asked for it. */
	get suspect(): Suspect | undefined {
		if (!this.#running) return this.#suspect;
		const { name, text } = this.#running.script;
		// An earlier one may have asked for a reboot in a minute, but this one is seen to do it.
		return { script: name, ...(shutdownInText(text) ?? {}) };
	}

	take(message: AgentMessage): void {
		if (message.kind !== 'script-started' && message.kind !== 'script-finished') return;
		const script = this.#scripts.find(({ name }) => name === message.script);
		// A guest may make up names, and send the same message for ever.
		if (!script || ++this.#taken > maximumMessages) return;
		if (message.kind === 'script-started') {
			this.#running = { script, since: performance.now() };
			this.#emit({ type: 'script-started', node: this.#node, script: message.script });
			return;
		}
		this.#running = undefined;
		const outcome = outcomeOf(message, this.#node, script.text, this.#whyUntraced(script));
		const place = shutdownInTrace(outcome.trace) ?? (message.isStopping ? shutdownInText(script.text) : undefined);
		if (place || message.isStopping) this.#suspect = { script: script.name, ...place };
		this.#end(message.isStopping ? cutOff(outcome, place, script.text) : outcome);
	}

	/** The machine is gone, and with it the script that ran. */
	loseRunning(reason: string): void {
		if (!this.#running) return;
		const { script, since } = this.#running;
		this.#suspect = this.suspect;
		this.#running = undefined;
		const place = shutdownInText(script.text);
		const lost: ScriptOutcome = { node: this.#node, script: script.name, status: 'failed', ms: Math.round(performance.now() - since), output: '', reasons: [reason] };
		this.#end({ ...lost, ...(place && placed(place, script.text)) });
	}

	/** The scripts run once more, from the first. */
	beginAgain(): void {
		this.#finished.clear();
		this.#running = undefined;
		this.#suspect = undefined;
	}

	#end(outcome: ScriptOutcome): void {
		this.#finished.set(outcome.script, outcome.status);
		this.#emit({ type: 'script-finished', ...outcome });
	}
}

/** A script that took its machine down has not passed, whatever its status. */
function cutOff(outcome: ScriptOutcome, place: ShutdownPlace | undefined, text: string): ScriptOutcome {
	const { exitCode: _exitCode, ...rest } = outcome;
	const reason = place ? 'its machine went down with that' : 'its machine went down while it ran; by which command is not known';
	return { ...rest, status: 'failed', ...(place && placed(place, text)), reasons: [reason, ...(outcome.reasons ?? [])] };
}

const placed = ({ line, command, source }: ShutdownPlace, text: string): Partial<ScriptOutcome> => ({
	...(line === undefined ? {} : { failedLine: line, excerpt: excerptOf(text, line) }),
	failedCommand: command,
	...(source === undefined ? {} : { failedSource: source }),
});
