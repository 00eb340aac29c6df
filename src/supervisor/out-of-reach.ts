/**
 * Why a node is out of reach, for assertions that failed over it: what its own kernel reports of its network, and the command
 * of its startup scripts that has made it so. It is asked over the channel that needs no network.
 */
import net from 'node:net';
import { oneLine } from '../base/format.js';
import { withDeadline } from '../base/waiting.js';
import type { Assertion, LabNode } from '../lab/lab.js';
import type { GuestCommands } from '../machine/command-channel.js';
import type { CutKind } from '../shell/network-commands.js';
import type { CutOff } from '../trace/cut-offs.js';

/** A node as far as this is concerned. */
export interface ReachableNode {
	/** What its scripts did that may have cut it off, in their order. */
	readonly cuts: readonly CutOff[];
	/** Somebody has cut its link from outside. */
	readonly isUnplugged: boolean;
}

export interface ReachContext {
	readonly nodes: readonly LabNode[];
	readonly find: (node: string) => ReachableNode;
	readonly guests: (node: string) => GuestCommands;
	/** For each question, in milliseconds. */
	readonly timeoutMs: number;
	readonly signal: AbortSignal;
	/** Whether something answers at a port from where the lab is kept, if only with a refusal. */
	readonly answers?: (host: string, port: number, timeoutMs: number, signal: AbortSignal) => Promise<boolean>;
}

/** The state of a node's network, as ip(8) prints it. */
export interface NetworkState {
	/** Its interface by the MAC address of its machine. */
	readonly interface?: string;
	readonly isUp: boolean;
	readonly addresses: readonly string[];
	readonly hasDefaultRoute: boolean;
}

const showNetwork = 'ip -o link; echo; ip -o -4 address; echo; ip -4 route';

/** Reads what `showNetwork` prints. */
export function readNetwork(text: string, mac: string): NetworkState {
	const [links = '', addresses = '', routes = ''] = text.split(/^\n/m);
	const line = links.split('\n').find((each) => each.toLowerCase().includes(mac.toLowerCase()));
	const [, name, flags = ''] = /^\d+: ([^:@\s]+)[^<]*<([^>]*)>/.exec(line ?? '') ?? [];
	return {
		...(name === undefined ? {} : { interface: name }),
		isUp: flags.split(',').includes('UP'),
		addresses: [...addresses.matchAll(/ inet (\d+\.\d+\.\d+\.\d+)\//g)].flatMap(([, address]) => address ?? []),
		hasDefaultRoute: /^default /m.test(routes),
	};
}

/** What is wrong with a node's network by its own report; nothing where all is there. */
export function findFault({ alias, furtherAliases = [], uplinkAddress }: LabNode, state: NetworkState): { readonly kind: CutKind; readonly text: string; readonly about: readonly string[] } | undefined {
	const name = state.interface;
	if (name === undefined) return { kind: 'link', text: 'its network interface is gone', about: [] };
	if (!state.isUp) return { kind: 'link', text: `its interface ${name} is down`, about: [name] };
	const missing = [alias, ...furtherAliases, uplinkAddress].map((each) => each.replace(/\/.*/, '')).filter((each) => each !== '' && !state.addresses.includes(each));
	if (missing.length > 0) return { kind: 'address', text: `${name} has no address ${missing.join(', ')}`, about: [name, ...missing] };
	return state.hasDefaultRoute ? undefined : { kind: 'route', text: 'it has no default route', about: [] };
}

/** The commands behind a fault: the last one where each undoes what was before, all of them for a firewall. */
export function blame(kind: CutKind, about: readonly string[], cuts: readonly CutOff[]): readonly CutOff[] {
	const ofKind = cuts.filter((cut) => cut.kind === kind);
	if (kind === 'firewall') return ofKind;
	// Of another interface it is no matter; where an interface goes down, its routes go too.
	const fitting = ofKind.filter(({ command }) => about.length === 0 || !/\b(?:dev|set) /.test(command) || about.some((part) => command.includes(part)));
	return fitting.slice(-1);
}

/** `app has been out of reach since line 5 of cut (ip link set enp0s2 down): its interface enp0s2 is down; …`. */
export function sentence(node: string, fault: string, blamed: readonly CutOff[]): string {
	const [first, ...others] = blamed;
	const look = `\`rehearse console ${node}\` needs no network (\`run --keep on-failure\` keeps the lab)`;
	if (!first) return `${node} is out of reach: ${fault}; no line of its scripts is known to have done that; ${look}`;
	const lines = blamed.flatMap(({ line, script }) => (line !== undefined && script === first.script ? [line] : []));
	const where = first.line === undefined ? `a command of ${first.script}` : `line ${first.line} of ${first.script}`;
	if (others.length === 0) return `${node} has been out of reach since ${where} (${oneLine(first.command).slice(0, 120)}): ${fault}; ${look}`;
	return `${node} is out of reach: ${fault}; lines ${Math.min(...lines)} to ${Math.max(...lines)} of ${first.script} change that; ${look}`;
}

/** Explains failures of one run of the scenario; each node is looked at once. */
export class OutOfReach {
	readonly #context: ReachContext;
	readonly #known = new Map<string, Promise<string | undefined>>();

	constructor(context: ReachContext) {
		this.#context = context;
	}

	/** A sentence for each node that a failed assertion is about and that is out of reach; nothing where all are in reach. */
	async explain(assertion: Assertion): Promise<string | undefined> {
		const { nodes } = this.#context;
		const about = nodes.filter((node) => isAbout(assertion, node));
		if (about.length === 0) return undefined;
		const own = nodes.filter(({ name }) => name === assertion.onVm);
		const port = portOf(assertion);
		const asked = [...new Set([...about, ...own])].map((node) => this.#once(node, node.name === assertion.onVm ? undefined : port));
		const sentences = (await Promise.all(asked)).filter((each) => each !== undefined);
		return sentences.length === 0 ? undefined : sentences.join('; ');
	}

	#once(node: LabNode, port: number | undefined): Promise<string | undefined> {
		const key = `${node.name} ${port ?? ''}`;
		const known = this.#known.get(key) ?? this.#look(node, port).catch(() => undefined);
		this.#known.set(key, known);
		return known;
	}

	async #look(node: LabNode, port: number | undefined): Promise<string | undefined> {
		const { find, guests, timeoutMs, signal, answers = hasAnswer } = this.#context;
		const { cuts, isUnplugged } = find(node.name);
		if (isUnplugged) return `the link of ${node.name} was cut from outside (\`rehearse link\`)`;
		const { stdout } = await guests(node.name).run(showNetwork, { timeoutMs, signal });
		const fault = findFault(node, readNetwork(stdout, node.mac));
		if (fault && fault.kind !== 'route') return sentence(node.name, fault.text, blame(fault.kind, fault.about, cuts));
		const host = (node.alias || node.uplinkAddress).replace(/\/.*/, '');
		if (port !== undefined && !(await answers(host, port, timeoutMs, signal))) {
			const blamed = blame('firewall', [], cuts);
			// Who is merely slow is no firewall.
			const text = `nothing answers at ${host}, port ${port}, not even with a refusal, as behind a firewall`;
			if (blamed.length > 0) return sentence(node.name, text, blamed);
			if (node.firewall) return `${node.name} is out of reach: ${text}; its recipe has one`;
		}
		// Within the lab none is needed: it is reported where a script took it away.
		const blamed = blame('route', [], cuts);
		return fault && blamed.length > 0 ? sentence(node.name, fault.text, blamed) : undefined;
	}
}

/** Whether an assertion names a node: by an address of the lab, or by its name in the place of a host. */
export function isAbout(assertion: Assertion, { name, alias, furtherAliases = [] }: Pick<LabNode, 'name' | 'alias' | 'furtherAliases'>): boolean {
	if (assertion.type !== 'http_responds' && assertion.type !== 'network_reachable' && assertion.type !== 'command_output') return false;
	const text = assertion.type === 'http_responds' ? assertion.url : assertion.type === 'network_reachable' ? assertion.host : assertion.command;
	const hosts = [alias, ...furtherAliases].map((each) => each.replace(/\/.*/, '')).filter((each) => each !== '');
	const words = text.split(/[^\w.-]+/);
	return [...hosts, ...(name === assertion.onVm ? [] : [name])].some((host) => words.includes(host));
}

/** The port that an assertion is about; that of SSH for a ping, since some port is needed to ask. */
function portOf(assertion: Assertion): number | undefined {
	if (assertion.type === 'network_reachable') return assertion.port ?? 22;
	if (assertion.type !== 'http_responds') return undefined;
	const { port, protocol } = new URL(assertion.url);
	return port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port);
}

/** A refusal is an answer too; silence, and a host that nobody knows the way to, are none. */
async function hasAnswer(host: string, port: number, timeoutMs: number, signal: AbortSignal): Promise<boolean> {
	const socket = net.connect({ host, port });
	const answer = new Promise<boolean>((resolve) => {
		socket.once('connect', () => resolve(true));
		socket.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code === 'ECONNREFUSED' || code === 'ECONNRESET'));
	});
	try {
		return await withDeadline(answer, timeoutMs, () => new Error('silence'), signal).catch(() => false);
	} finally {
		socket.destroy();
	}
}
