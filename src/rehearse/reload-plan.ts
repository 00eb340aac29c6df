/** What an edited plan means for a lab that runs. Pure. */
import { usageFailure } from '../base/errors.js';
import type { Lab, LabNode } from '../lab/lab.js';
import { requireNodes } from '../lab/lab.js';

/** A node that has to be made anew, and what of it was edited, in words; nothing was where it only has no machine. */
export interface ChangedNode {
	readonly node: string;
	readonly changes: readonly string[];
}

/** What has to be done for a lab to be as its plan says now. */
export interface ReloadPlan {
	readonly changed: readonly ChangedNode[];
	/** The scenario is another; no node need know. */
	readonly scenarioChanged: boolean;
}

/** What is told of each part of a node. */
const words: Readonly<Record<keyof Required<LabNode>, string>> = {
	vcpus: 'processors',
	suite: 'base image',
	name: 'name',
	role: 'role',
	position: 'place in the drawing',
	memoryMiB: 'memory',
	diskMiB: 'disk',
	alias: 'lab address',
	furtherAliases: 'lab addresses',
	uplinkAddress: 'uplink address',
	mac: 'MAC address',
	dns: 'DNS',
	features: 'features',
	packages: 'packages',
	withoutPackages: 'packages',
	services: 'services',
	ssh: 'SSH settings',
	firewall: 'firewall',
	users: 'users',
	startupScripts: 'startup scripts',
};

/** What says nothing about the machine. */
const immaterial: readonly (keyof LabNode)[] = ['role', 'position'];

/**
 * Compares a lab that runs with its edited plan.
 * @param only the nodes that may be replaced; all of them where there is none
 * @param ended nodes that have no machine, and so need another
 * @throws Failure `usage` for what cannot be done to a lab that runs: other nodes, or in another order, another network
 */
export function planReload(running: Lab, edited: Lab, only: readonly string[] = [], ended: readonly string[] = []): ReloadPlan {
	const names = ({ nodes }: Lab) => nodes.map(({ name }) => name);
	const added = names(edited).filter((name) => !names(running).includes(name));
	const removed = names(running).filter((name) => !names(edited).includes(name));
	requireNodes(only, names(running));
	const impossible = [
		...(running.name === edited.name ? [] : [`it is called ${edited.name} now`]),
		...(added.length > 0 ? [`${added.join(', ')} came to it`] : []),
		...(removed.length > 0 ? [`${removed.join(', ')} went from it`] : []),
		...(running.network.subnet === edited.network.subnet ? [] : [`its network is ${edited.network.subnet} now`]),
		...(running.network.gateway === edited.network.gateway ? [] : [`its gateway is ${edited.network.gateway} now`]),
		...(isSame(running.network.others, edited.network.others) ? [] : ['its further subnets are others now']),
		// A node's place decides its tap, its sockets and its lease, and those of the lab are given.
		...(added.length + removed.length === 0 && !isSame(names(running), names(edited)) ? ['its nodes are in another order'] : []),
	];
	if (impossible.length > 0) {
		throw usageFailure(`the plan is that of another lab: ${impossible.join('; ')}`, { hint: '`rehearse down`, then `rehearse up`' });
	}
	const changed = edited.nodes.flatMap((node) => {
		const before = running.nodes.find(({ name }) => name === node.name);
		const changes = before ? changesOf(before, node) : [];
		const isWanted = changes.length > 0 || ended.includes(node.name);
		return isWanted && (only.length === 0 || only.includes(node.name)) ? [{ node: node.name, changes }] : [];
	});
	return { changed, scenarioChanged: !isSame(running.scenarios, edited.scenarios) || !isSame(running.connections, edited.connections) };
}

const changesOf = (before: LabNode, after: LabNode): string[] =>
	(Object.keys(words) as (keyof LabNode)[])
		.filter((part) => !immaterial.includes(part) && !isSame(compared(before, part), compared(after, part)))
		.map((part) => words[part])
		.filter((word, index, all) => all.indexOf(word) === index);

/** How long a script may take says nothing about the machine that it has made. */
const compared = (node: LabNode, part: keyof LabNode): unknown =>
	part === 'startupScripts' ? node.startupScripts.map(({ timeoutSeconds: _, ...script }) => script) : node[part];

/** Resolved plans are plain data in a fixed order of keys. */
const isSame = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);

/** The plan in sentences, for whoever wants to know before it is done. */
export function reloadSentences({ changed, scenarioChanged }: ReloadPlan): string[] {
	const why = (changes: readonly string[]) => (changes.length > 0 ? `${changes.join(', ')} changed` : 'it does not run');
	const nodes = changed.map(({ node, changes }) => `${node} is made anew: ${why(changes)}`);
	return [...nodes, ...(scenarioChanged ? ['the scenario is read again'] : [])];
}
