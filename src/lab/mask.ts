/**
 * The one place where declared passwords are taken out of what a run reports: events are masked before anybody sees
 * them.
 */
import { asLatin1, maskOf, noMask, planMaskOf, type DeclaredPassword, type Mask } from '../base/secrets.js';
import { Failure, toFailure } from '../base/errors.js';
import { washed, washedText } from '../base/wash.js';
import type { RunEventBody } from './events.js';
import type { Lab } from './lab.js';

/** The passwords that a lab's users have. */
export const passwordsOf = ({ nodes }: { readonly nodes: readonly Pick<Lab['nodes'][number], 'users'>[] }): readonly DeclaredPassword[] =>
	nodes.flatMap(({ users }) => users.flatMap(({ username: user, password }) => (password === undefined ? [] : [{ user, password }])));

export interface LabMasks {
	/** For everything that is shown or kept. */
	readonly text: Mask;
	/** For copies of the plan and its scripts. */
	readonly plan: Mask;
	/** For bytes that need be no text, read as Latin-1. */
	readonly bytes: Mask;
}

/** The masks of a run, which learn the passwords that a reload brings. */
export class RunMasks implements LabMasks {
	readonly #showSecrets: boolean;
	#passwords: readonly DeclaredPassword[];
	#masks: LabMasks;

	constructor(lab: Pick<Lab, 'nodes'>, showSecrets: boolean) {
		this.#showSecrets = showSecrets;
		this.#passwords = passwordsOf(lab);
		this.#masks = masksOfPasswords(this.#passwords, showSecrets);
	}

	get text(): Mask {
		return this.#masks.text;
	}

	get plan(): Mask {
		return this.#masks.plan;
	}

	get bytes(): Mask {
		return this.#masks.bytes;
	}

	/** Masks these passwords too from now on. */
	learn(passwords: readonly DeclaredPassword[]): void {
		const known = (one: DeclaredPassword) => this.#passwords.some(({ user, password }) => user === one.user && password === one.password);
		this.#passwords = [...this.#passwords, ...passwords.filter((one) => !known(one))];
		this.#masks = masksOfPasswords(this.#passwords, this.#showSecrets);
	}
}

/** The masks of a lab. Where secrets are to be shown, they change nothing. */
export const masksOf = (lab: Pick<Lab, 'nodes'>, showSecrets: boolean): LabMasks => masksOfPasswords(passwordsOf(lab), showSecrets);

const masksOfPasswords = (passwords: readonly DeclaredPassword[], showSecrets: boolean): LabMasks =>
	showSecrets ? { text: noMask, plan: noMask, bytes: noMask } : { text: maskOf(passwords), plan: planMaskOf(passwords), bytes: maskOf(passwords, asLatin1) };

/**
 * Keys whose values name things: nodes, scripts, files, stages. A node that is called as somebody's password is cannot be
 * called otherwise in one of its events.
 */
const names = new Set([
	...['type', 'runId', 'lab', 'labArgument', 'planSha256', 'runDirectory', 'planPath', 'node', 'script', 'scripts', 'onVm', 'name', 'test'],
	...['nodes', 'stage', 'status', 'verdict', 'from', 'to', 'kind', 'change', 'alias', 'uplinkAddress', 'subnet', 'address', 'protocol', 'file', 'code'],
	...['shell', 'fate', 'robustness', 'after', 'ssh', 'end', 'username'],
	// The same in the result object.
	...['on_vm', 'plan_sha256', 'run_directory'],
]);

/** An event without passwords. */
export const maskEvent = <E extends RunEventBody>(event: E, mask: Mask): E => maskValue(event, mask);

/** What was made of events, such as the state of a run, without passwords. */
export const maskValue = <T>(value: T, mask: Mask): T => (mask === noMask ? value : (masked(value, mask) as T));

/**
 * An event as it may be shown and kept. It is masked before it is washed and again after: a control sequence may have
 * divided a password, which washing makes whole.
 */
export const shownEvent = <E extends RunEventBody>(event: E, mask: Mask): E => maskEvent(washed(maskEvent(event, mask)), mask);

/** A text as it may be shown and kept, in the same way. */
export const shownText = (text: string, mask: Mask): string => mask(washedText(mask(text)));

/** Makes a failure without passwords from anything that was thrown. */
export function maskFailure(error: unknown, mask: Mask): Failure {
	const { code, exitCode, message, hint, node, cause, detail } = toFailure(error);
	const masked = (text: string | undefined) => (text === undefined ? undefined : mask(text));
	return new Failure(code, exitCode, mask(message), { hint: masked(hint), node, cause, detail: masked(detail) });
}

/** @param at the key that the value has */
function masked(value: unknown, mask: Mask, at?: string): unknown {
	if (typeof value === 'string') return mask(value);
	if (Array.isArray(value)) return value.map((item) => masked(item, mask, at));
	if (value === null || typeof value !== 'object') return value;
	// What a machine asked the world for by name is its own words: in the result it stands beside the protocol.
	const isAsked = at === 'question' || 'protocol' in value;
	const isName = (key: string): boolean => names.has(key) && !(isAsked && key === 'name');
	return Object.fromEntries(
		Object.entries(value).map(([key, inner]) => [key, isName(key) && !isObjects(inner) ? inner : masked(inner, mask, key)]),
	);
}

/** A list of objects under a key of names, such as the scripts of a robustness check, is looked into all the same. */
const isObjects = (value: unknown): boolean => typeof value === 'object' && !(Array.isArray(value) && value.every((item) => typeof item === 'string'));
