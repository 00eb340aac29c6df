import { brokenFailure, usageFailure } from '../base/errors.js';
import { run, type Argv } from '../process/run.js';

/** How a node is connected to the lab's wire. */
export type LinkState =
	| { readonly state: 'up' }
	| { readonly state: 'down' }
	| {
			readonly state: 'bad';
			/** Added to the way of each packet to the node, and so once to every round trip, in milliseconds. */
			readonly delayMs?: number;
			/** Of the packets to the node, in per cent. */
			readonly lossPercent?: number;
	  };

/** Reads `up`, `down`, `delay MS` or `loss PCT`. @throws Failure `usage` for anything else */
export function parseLink(state: string, amount: number | undefined): LinkState {
	const isAmount = amount !== undefined && amount > 0;
	if ((state === 'up' || state === 'down') && amount === undefined) return { state };
	if (state === 'delay' && isAmount && amount <= 60_000) return { state: 'bad', delayMs: amount };
	if (state === 'loss' && isAmount && amount <= 100) return { state: 'bad', lossPercent: amount };
	const expected = { delay: 'milliseconds above 0, 60000 at most', loss: 'per cent above 0, 100 at most' }[state] ?? 'no number';
	throw usageFailure(`link ${state}: expected ${expected}`, { hint: 'up, down, delay MILLISECONDS or loss PER-CENT' });
}

/**
 * Commands that bring the link behind a tap device into a state, whatever it was in (ip-link(8), tc-netem(8)). The node
 * keeps its carrier and its addresses: it is the port of the switch that is down, not its plug that was pulled.
 */
export function linkCommands(tap: string, link: LinkState): readonly Argv[] {
	const isUp: Argv = ['ip', 'link', 'set', 'dev', tap, 'up'];
	// Fails where there is nothing to take away; see `optional`.
	const clear: Argv = ['tc', 'qdisc', 'del', 'dev', tap, 'root'];
	if (link.state === 'down') return [['ip', 'link', 'set', 'dev', tap, 'down']];
	if (link.state === 'up') return [isUp, clear];
	const delay = link.delayMs === undefined ? [] : ['delay', `${link.delayMs}ms`];
	const loss = link.lossPercent === undefined ? [] : ['loss', `${link.lossPercent}%`];
	// Where the kernel cannot, a link that was down stays so.
	return [['tc', 'qdisc', 'replace', 'dev', tap, 'root', 'netem', ...delay, ...loss], isUp];
}

/** Whether a command of `linkCommands` may fail: one that removes a fault does, where there is none. */
export const isOptional = (argv: Argv): boolean => argv.includes('del');

/**
 * Brings a link into a state, in the network namespace of this process.
 * @throws Failure `link` with the kernel's message
 */
export async function setLink(tap: string, link: LinkState, signal?: AbortSignal): Promise<void> {
	for (const argv of linkCommands(tap, link)) {
		const { exitCode, stderr } = await run(argv, { allowFailure: true, signal });
		if (exitCode === 0 || isOptional(argv)) continue;
		throw brokenFailure('link', `the link cannot be made so: ${stderr.trim()}`, {
			...(argv.includes('netem') ? { hint: 'delay and loss need the kernel module sch_netem on this host' } : {}),
		});
	}
}
