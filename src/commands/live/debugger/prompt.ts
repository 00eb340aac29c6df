/** The debugger's prompt: executes commands, and shows their results. */
import { toFailure, usageFailure } from '../../../base/errors.js';
import { formatMs } from '../../../base/format.js';
import type { Mask } from '../../../base/secrets.js';
import type { RunEventBody } from '../../../lab/events.js';
import { maskEvent } from '../../../lab/mask.js';
import type { DebugAnswer } from '../../../machine/debugging/messages.js';
import type { DebugReply, DebugRequest, DebugPosition } from '../../../protocol/debugger.js';
import { stopLines } from '../../../protocol/breakpoints.js';
import { costText, listSource, outputOf, stopLinesOf } from '../../../report/stepping.js';
import { mark, statusStyle, type Paint } from '../../../report/text.js';
import { helpLines, readTyped, type Typed } from './input.js';
import type { CommandLines } from './lines.js';

export interface PromptParts {
	readonly node: string;
	/** Texts of the node's scripts by name. */
	readonly scripts: ReadonlyMap<string, string>;
	readonly lines: CommandLines;
	readonly paint: Paint;
	/** Takes passwords out of what is shown. What is run again is as it was. */
	readonly mask: Mask;
	print(text: string): void;
	/** Sends a request to the lab, and resolves to the reply. Without a request it waits for the first reply. */
	ask(request?: DebugRequest): Promise<DebugReply>;
	/** Shows a root shell until the person leaves it. */
	showShell(): Promise<void>;
}

/** How a session ends: with the scripts, or with the machine. */
export type DebugEnd = Extract<DebugPosition, { readonly kind: 'ended' | 'broken' }>;

/** One debugging session, from the first stop to the end. */
export class Prompt {
	readonly #parts: PromptParts;
	readonly #breaks = new Set<number>();
	#position: DebugPosition | undefined;
	#isCostReported = false;

	constructor(parts: PromptParts) {
		this.#parts = parts;
	}

	/** Runs the session. Resolves to how it has ended. */
	async run(): Promise<DebugEnd> {
		const { lines, ask, node } = this.#parts;
		this.#show(await ask());
		for (;;) {
			if (this.#position?.kind === 'ended' && this.#position.startup === 'passed') return this.#quit();
			const typed = await lines.next(`(${node}) `);
			if (typed === undefined) return this.#quit();
			try {
				const command = readTyped(typed);
				if (command?.command === 'quit') return await this.#quit();
				if (command) await this.#do(command);
			} catch (error) {
				const { code, message, hint } = toFailure(error);
				if (code === 'control-gone' || code === 'interrupted') throw error;
				const { paint, mask } = this.#parts;
				this.#print([paint('red', mask(message)), ...(hint === undefined ? [] : [`hint: ${mask(hint)}`])]);
			}
		}
	}

	/** Shows an event that arrives between the replies. */
	showEvent(arrived: RunEventBody): void {
		const { paint, mask } = this.#parts;
		const event = maskEvent(arrived, mask);
		if (event.type === 'notice') this.#print([paint('yellow', event.message)]);
		if (event.type === 'stage-started' && (event.stage === 'restore' || event.stage === 'boot')) {
			this.#print([paint('dim', event.stage === 'boot' ? `${this.#parts.node} boots …` : `${this.#parts.node} is restored as it was before its startup scripts …`)]);
		}
		if (event.type === 'script-finished') {
			const how = event.exitCode ? `${event.status} with status ${event.exitCode}` : event.status;
			this.#print([paint(statusStyle(event.status), `${mark(event.status)} ${event.script} ${how}`)]);
		}
	}

	async #do(typed: Typed): Promise<void> {
		const { ask } = this.#parts;
		const lines = [...this.#breaks];
		switch (typed.command) {
			case 'step':
				return this.#show(await ask({ do: 'go', mode: 'step', lines }));
			case 'next':
				return this.#show(await ask({ do: 'go', mode: 'over', lines }));
			case 'out':
				return this.#show(await ask({ do: 'go', mode: 'out', lines }));
			case 'continue':
				return this.#show(await ask({ do: 'go', mode: 'run', lines }));
			case 'until':
				return this.#show(await ask({ do: 'go', mode: 'run', lines: [...lines, this.#lineToStopAt(typed.line)] }));
			case 'back':
				return this.#show(await ask({ do: 'back', steps: typed.steps }));
			case 'retry':
				return this.#retry(typed.text);
			case 'instead':
				return this.#show(await ask({ do: 'instead', command: typed.text, lines }));
			case 'evaluate':
				return this.#show(await ask({ do: 'evaluate', command: typed.text }));
			case 'print':
				return this.#show(await ask({ do: 'variables', names: typed.names }));
			case 'variables':
				return this.#show(await ask({ do: 'variables', names: [] }));
			case 'shell':
				return this.#openShell();
			default:
				return this.#doLocally(typed);
		}
	}

	/** Executes a command that needs no request to the lab. */
	#doLocally(typed: Typed): void {
		switch (typed.command) {
			case 'break': {
				const line = this.#lineToStopAt(typed.line);
				this.#breaks.add(line);
				return this.#print([`breakpoint at line ${line}`]);
			}
			case 'delete':
				if (!this.#breaks.delete(typed.line)) throw usageFailure(`there is no breakpoint at line ${typed.line}`);
				return;
			case 'breaks': {
				const lines = [...this.#breaks].toSorted((one, other) => one - other);
				return this.#print([lines.length > 0 ? `breakpoints at ${lines.join(', ')}` : 'there are no breakpoints']);
			}
			case 'list': {
				const at = this.#position?.kind === 'at' ? this.#position : undefined;
				const line = at?.source === '' ? { line: at.line } : {};
				return this.#print(listSource(this.#parts.mask(this.#text()), { ...line, breaks: this.#breaks }, this.#parts.paint));
			}
			default:
				return this.#print(helpLines());
		}
	}

	/** The text of the current script. */
	#text(): string {
		const { scripts } = this.#parts;
		const text = this.#position?.kind === 'at' ? scripts.get(this.#position.script) : undefined;
		return text ?? [...scripts.values()][0] ?? '';
	}

	/** The wanted line, or the next one on which a command begins. @throws Failure `usage` when there is none */
	#lineToStopAt(wanted: number): number {
		const line = stopLines(this.#text()).find((candidate) => candidate >= wanted);
		if (line === undefined) throw usageFailure(`no command begins at line ${wanted} or after it`);
		return line;
	}

	/** Restores the machine as it was before the last step, and runs another command instead. */
	async #retry(text: string): Promise<void> {
		const { ask, lines, mask } = this.#parts;
		const failed = this.#position?.kind === 'at' && this.#position.isFatal ? this.#position : undefined;
		this.#show(await ask({ do: 'back', steps: 1 }));
		if (failed && this.#position?.kind === 'at' && this.#position.command !== failed.command) {
			// The script ran from there to the failure, so it runs there again.
			this.#show(await ask({ do: 'go', mode: 'run', lines: [failed.line] }));
		}
		const at = this.#position;
		if (at?.kind !== 'at' || (failed && at.command !== failed.command)) return;
		// What holds a password is not put into the editor, which would show it: it is run again as it is.
		const isShown = !at.command.includes('\n') && mask(at.command) === at.command;
		const typed = text !== '' ? text : lines.isTerminal && isShown ? await lines.next('instead: ', at.command) : at.command;
		if (typed === undefined || typed.trim() === '') return;
		this.#show(await ask({ do: 'instead', command: typed, lines: [...this.#breaks] }));
	}

	async #openShell(): Promise<void> {
		const { ask, lines, showShell } = this.#parts;
		if (!lines.isTerminal) throw usageFailure('a shell needs a terminal', { hint: '`eval` runs a command' });
		await ask({ do: 'resume' });
		try {
			await showShell();
		} finally {
			await ask({ do: 'pause' });
		}
	}

	async #quit(): Promise<DebugEnd> {
		const { position } = await this.#parts.ask({ do: 'quit' });
		const { paint, mask, node } = this.#parts;
		if (position?.kind === 'broken') this.#print([paint('red', mask(position.message))]);
		if (position?.kind === 'ended' || position?.kind === 'broken') return position;
		return { kind: 'broken', message: `nothing is known of how the startup scripts of ${node} ended` };
	}

	#show({ position, answer, restoredMs, saved }: DebugReply): void {
		const { paint, scripts, mask } = this.#parts;
		if (answer) this.#showAnswer(answer);
		if (restoredMs !== undefined) this.#print([paint('dim', `restored in ${formatMs(restoredMs)}`)]);
		if (saved && !this.#isCostReported) {
			// Every save costs about the same, so only the first is reported.
			this.#isCostReported = true;
			this.#print([paint('dim', costText(saved))]);
		}
		if (!position) return;
		this.#position = position;
		if (position.kind === 'at') {
			const text = scripts.get(position.script);
			const shown = { ...position, command: mask(position.command), output: mask(position.output) };
			this.#print(stopLinesOf(shown, text === undefined ? undefined : mask(text), this.#breaks, paint));
		}
		if (position.kind === 'broken') this.#print([paint('red', mask(position.message)), '`back` restores the machine as it was at the last stop']);
		if (position.kind === 'interrupted') {
			const choices = '`continue` waits for it, `back` goes back before it';
			this.#print([paint('yellow', 'interrupted: the command still runs'), choices]);
		}
		if (position.kind === 'ended' && position.startup !== 'passed') this.#print(['`back` goes back to the last stop, `quit` leaves']);
	}

	#showAnswer({ status, text }: DebugAnswer): void {
		const { paint, mask } = this.#parts;
		this.#print([...outputOf(mask(text), paint), ...(status === 0 ? [] : [paint('yellow', `status ${status}`)])]);
	}

	#print(lines: readonly string[]): void {
		if (lines.length > 0) this.#parts.print(`${lines.join('\n')}\n`);
	}
}
