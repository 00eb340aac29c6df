/** What a check is: how a type of assertion is titled, looked at in the guest, and judged. */
import { formatMs, lastLines } from '../base/format.js';
import type { Assertion, AssertionType } from '../lab/lab.js';
import type { CommandResult, GuestCommands, Limits } from '../machine/command-channel.js';

/** The assertion of one type, with its parameters. */
export type AssertionOf<T extends AssertionType> = Extract<Assertion, { readonly type: T }>;

/** Whether the guest was seen as expected, and a message for the case that it was not. */
export interface Judgement {
	readonly passed: boolean;
	/** `expected …, saw …`. */
	readonly message: string;
}

/** One look at the guest, judged. */
export interface Look extends Judgement {
	/** The output of the command in the guest, for the reader of a failure. */
	readonly output: string;
	/** As expected, but not for long enough yet: the next try decides after this time, in milliseconds. */
	readonly holdsInMs?: number | undefined;
}

export interface LookContext {
	readonly guest: GuestCommands;
	/** For this one look. */
	readonly timeoutMs: number;
	/** How many times slower this guest is than what the plan was written for; stretches times that the plan states. */
	readonly slowdown: number;
	readonly signal?: AbortSignal | undefined;
}

export interface Check<A> {
	/** The assertion as a phrase: `port 5432/tcp listens`. */
	readonly title: (assertion: A) => string;
	readonly look: (assertion: A, context: LookContext) => Promise<Look>;
}

/** A check that asks the guest one thing and judges what came of it. */
export interface QuestionCheck<A> extends Check<A> {
	readonly ask: (assertion: A, guest: GuestCommands, limits: Limits) => Promise<CommandResult>;
	readonly judge: (assertion: A, result: CommandResult) => Omit<Look, 'output'>;
}

/** Builds a check from its parts. `judge` is only asked about what ended by itself. */
export function questionCheck<A>(parts: Omit<QuestionCheck<A>, 'look'>): QuestionCheck<A> {
	return {
		...parts,
		look: async (assertion, { guest, timeoutMs, signal }) => {
			const result = await parts.ask(assertion, guest, { timeoutMs, signal });
			const cutShort = result.timedOut || result.exitCode === undefined;
			const judged = cutShort ? expected(parts.title(assertion), sawEnding(result)) : parts.judge(assertion, result);
			return { ...judged, output: bothStreams(result) };
		},
	};
}

/** The same, where what is asked is a command: `probe` gives it, for bash as root. */
export const commandCheck = <A>({ probe, ...parts }: Omit<QuestionCheck<A>, 'look' | 'ask'> & { readonly probe: (assertion: A) => string }): QuestionCheck<A> =>
	questionCheck({ ...parts, ask: (assertion, guest, limits) => guest.run(probe(assertion), limits) });

/** A judgement that something is not as expected. */
export const expected = (what: string, saw: string): Judgement => judgement(false, what, saw);

/** A judgement whose message has what was expected and what was seen. */
export const judgement = (passed: boolean, what: string, saw: string): Judgement => ({
	passed,
	message: `expected ${what}, saw ${saw}`,
});

/** How a command ended, when that is what is wrong: `exit status 127 (bash: ss: command not found)`. */
export function sawEnding(result: CommandResult): string {
	const message = lastLines(result.stderr, 1);
	const because = message === '' ? '' : ` (${abbreviate(message)})`;
	if (result.timedOut) return `no end of the command within ${formatMs(result.ms)}${because}`;
	if (result.exitCode === undefined) return `the command killed by SIG${result.signal}${because}`;
	return `exit status ${result.exitCode}${because}`;
}

/** A text in quotes, cut when it is long. */
export const quoted = (text: string): string => JSON.stringify(abbreviate(text));

const abbreviate = (text: string, length = 200): string => (text.length > length ? `${text.slice(0, length)}…` : text);

const bothStreams = ({ stdout, stderr }: CommandResult): string =>
	[stdout, stderr].map((text) => text.trimEnd()).filter(Boolean).join('\n');
