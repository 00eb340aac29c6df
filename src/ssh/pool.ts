import { usageFailure } from '../base/errors.js';
import { withEither } from '../base/waiting.js';
import { isFinal } from './failures.js';
import { connectSsh, type SshSession, type SshTarget } from './session.js';

/** Where a stage gets a node's SSH session from. */
export interface SessionSource {
	/** Rejects with a Failure whose code begins with `ssh-` when there is none to be had. */
	session(node: string): Promise<SshSession>;
}

export interface PoolOptions {
	/** For each attempt to log in. */
	readonly readyTimeoutMs: number;
	readonly signal?: AbortSignal | undefined;
}

/**
 * One session a node, made when it is first asked for and again when it was lost. Nothing is retried here: a caller
 * that wants another try asks again.
 */
export class SshPool implements SessionSource {
	readonly #targets: ReadonlyMap<string, SshTarget>;
	readonly #options: PoolOptions;
	readonly #sessions = new Map<string, Promise<SshSession>>();
	readonly #closing = new AbortController();

	constructor(targets: readonly SshTarget[], options: PoolOptions) {
		this.#targets = new Map(targets.map((target) => [target.node, target]));
		this.#options = options;
	}

	/**
	 * The node's session; callers at the same time share one login. A refused password or host key is remembered and
	 * told again without a new attempt, for which sshd would only shut our address out.
	 */
	async session(node: string): Promise<SshSession> {
		this.#closing.signal.throwIfAborted();
		const held = this.#sessions.get(node);
		const session = await held?.catch((error: unknown) => {
			if (isFinal(error)) throw error;
		});
		if (session && !session.closed) return session;
		// Somebody who waited for the same session may have begun another meanwhile.
		let current = this.#sessions.get(node);
		if (current === undefined || current === held) {
			current = this.#connect(node);
			this.#sessions.set(node, current);
		}
		return current;
	}

	/** Closes every session and ends every login that is under way. */
	async close(): Promise<void> {
		await Promise.all((await this.#end()).map((session) => session.close()));
	}

	/** The same for guests that are about to end: nobody waits for their farewell. */
	async hangUp(): Promise<void> {
		for (const session of await this.#end()) session.hangUp();
	}

	/** Ends every login that is under way; resolves to the sessions that there are. */
	async #end(): Promise<SshSession[]> {
		this.#closing.abort(new Error('the SSH sessions were closed'));
		const sessions = await Promise.allSettled(this.#sessions.values());
		return sessions.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
	}

	async #connect(node: string): Promise<SshSession> {
		const target = this.#targets.get(node);
		if (!target) throw usageFailure(`no node is called '${node}'`, { node });
		const { readyTimeoutMs, signal } = this.#options;
		return withEither([signal, this.#closing.signal], (ended) => connectSsh({ ...target, readyTimeoutMs, signal: ended }));
	}
}
