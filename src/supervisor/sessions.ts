import type { CleanupStack } from '../base/cleanup.js';
import type { Lab } from '../lab/lab.js';
import { SshPool } from '../ssh/pool.js';
import type { RunningNode } from './running-node.js';
import type { RunSpec } from '../protocol/run-spec.js';

/** The SSH sessions of a lab that runs, which is logged in to when that is first asked for, and anew once they were dropped. */
export class LabSessions {
	readonly #lab: () => RunSpec;
	readonly #context: { readonly signal: AbortSignal; readonly cleanup: CleanupStack };
	#pool: SshPool | undefined;

	/** @param lab the lab as it is now */
	constructor(lab: () => RunSpec, context: { readonly signal: AbortSignal; readonly cleanup: CleanupStack }) {
		this.#lab = lab;
		this.#context = context;
	}

	get pool(): SshPool {
		if (this.#pool) return this.#pool;
		this.#context.cleanup.defer('SSH sessions', () => this.#pool?.hangUp());
		return (this.#pool = openSessions(this.#lab(), this.#context.signal));
	}

	/**
	 * Logs in while other nodes are still coming up; the last one's login is the scenario's. What may be wrong with it, the
	 * first assertion finds as well.
	 */
	logInEarly(node: string, all: readonly Pick<RunningNode, 'startup'>[]): void {
		if (all.every(({ startup }) => startup)) return;
		if (mayLogInEarly(this.#lab(), node)) this.pool.session(node).catch(() => undefined);
	}

	/** Logs in to these nodes before the scenario is asked for. */
	logIn(nodes: readonly string[]): void {
		for (const node of nodes) {
			if (isLookedAt(this.#lab().lab, node)) this.pool.session(node).catch(() => undefined);
		}
	}

	/** Ends the connections that the scenario made, as far as the machines are concerned too. */
	async drop(): Promise<void> {
		await this.#pool?.close();
		this.#pool = undefined;
	}
}

/** SSH sessions with a lab's machines, each as its declared user and opened when it is first asked for. */
function openSessions({ machines, deadlines }: RunSpec, signal: AbortSignal): SshPool {
	const targets = machines.map(({ spec, address, username, password, hostKey }) => ({
		...{ node: spec.name, host: address, port: 22 },
		...{ username, password, hostKey },
	}));
	return new SshPool(targets, { readyTimeoutMs: deadlines.loginMs, signal });
}

/**
 * Whether a node that is up may be logged in to before the others are: where the scenario will, and nobody is to look at
 * the machines before it. Sessions are ended before the machines are saved; a second login takes half as long as the first.
 */
export function mayLogInEarly({ lab, scenario, robustness, snapshots }: RunSpec, node: string): boolean {
	if (!scenario || snapshots || robustness.length > 0) return false;
	return isLookedAt(lab, node);
}

/** Whether the scenario has something to say of a node. */
function isLookedAt(lab: Lab, node: string): boolean {
	return lab.scenarios.some(({ tests }) => tests.some(({ assertions }) => assertions.some(({ onVm }) => onVm === node)));
}
