/** Compares an edited plan with a running lab. Pure. */
import { usageFailure } from '../base/errors.js';
import { type Lab, type LabNode, planNodesOf, requireNodes } from '../lab/lab.js';

/** A node to replace. `changes` names what was edited; it is empty when the node only lacks a machine. */
export interface ChangedNode {
	readonly node: string;
	readonly changes: readonly string[];
}

/** What to do so that a lab matches its plan again. */
export interface ReloadPlan {
	readonly changed: readonly ChangedNode[];
	/** Whether the scenario was edited. No node is affected by that. */
	readonly scenarioChanged: boolean;
}

/** The name of each part of a node in messages. */
const partNames: Readonly<Record<keyof Required<LabNode>, string>> = {
	vcpus: 'processors',
	suite: 'base image',
	name: 'name',
	role: 'role',
	recipeSha256: 'recipe',
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

/** Parts that do not affect the machine, or that only change together with another part. */
const immaterial: readonly (keyof LabNode)[] = ['role', 'position', 'recipeSha256'];

/**
 * Compares a running lab with its edited plan, reduced to the nodes that run.
 * @param only the nodes that may be replaced; an empty list means all
 * @param ended nodes without a machine, which therefore need a new one
 * @throws Failure `usage` for a change that a running lab cannot take: other nodes, another order of nodes, another network,
 * another lease
 */
export function planReload(running: Lab, edited: Lab, only: readonly string[] = [], ended: readonly string[] = []): ReloadPlan {
	const names = ({ nodes }: Lab) => nodes.map(({ name }) => name);
	// A lab may have been brought up in part: a node that was left out then is none that was added.
	const added = planNodesOf(edited).filter((name) => !planNodesOf(running).includes(name));
	const removed = names(running).filter((name) => !names(edited).includes(name));
	requireNodes(only, names(running));
	const ofTheLab = [
		...(running.name === edited.name ? [] : [`its name is ${edited.name} now`]),
		...(added.length > 0 ? [`${added.join(', ')} was added`] : []),
		...(removed.length > 0 ? [`${removed.join(', ')} was removed`] : []),
		...(running.network.subnet === edited.network.subnet ? [] : [`its network is ${edited.network.subnet} now`]),
		...(running.network.gateway === edited.network.gateway ? [] : [`its gateway is ${edited.network.gateway} now`]),
		...(isSame(running.network.others, edited.network.others) ? [] : ['its further subnets are others now']),
		// A node's position determines its tap, its sockets and its lease, which a running lab cannot change.
		...(added.length + removed.length === 0 && !isSame(names(running), names(edited)) ? ['its nodes are in another order'] : []),
	];
	const mayBeReplaced = (name: string) => only.length === 0 || only.includes(name);
	// Other nodes and another order bring other leases, and are why.
	const impossible = ofTheLab.length > 0 ? ofTheLab : edited.nodes.filter(({ name }) => mayBeReplaced(name)).flatMap((node) => leaseChanges(running, node));
	if (impossible.length > 0) {
		throw usageFailure(`the edited plan does not fit the running lab: ${impossible.join('; ')}`, {
			hint: '`rehearse down`, then `rehearse up`',
		});
	}
	const changed = edited.nodes.flatMap((node) => {
		const before = running.nodes.find(({ name }) => name === node.name);
		const changes = before ? changesOf(before, node) : [];
		const isWanted = changes.length > 0 || ended.includes(node.name);
		return isWanted && mayBeReplaced(node.name) ? [{ node: node.name, changes }] : [];
	});
	return { changed, scenarioChanged: !isSame(running.scenarios, edited.scenarios) || !isSame(running.connections, edited.connections) };
}

/** What of a node's lease was edited. The DHCP server has the leases from the start of the lab, and would give the old one. */
function leaseChanges({ nodes }: Lab, { name, mac, uplinkAddress, dns }: LabNode): string[] {
	const before = nodes.find((node) => node.name === name);
	if (!before) return [];
	return [
		...(before.mac === mac ? [] : [`the MAC address of ${name} is ${mac} now`]),
		...(before.uplinkAddress === uplinkAddress ? [] : [`the uplink address of ${name} is ${uplinkAddress} now`]),
		...((before.dns.length === 0) === (dns.length === 0) ? [] : [`${name} has ${dns.length === 0 ? 'no DNS server' : 'a DNS server'} of its own now`]),
	];
}

const changesOf = (before: LabNode, after: LabNode): string[] =>
	(Object.keys(partNames) as (keyof LabNode)[])
		.filter((part) => !immaterial.includes(part) && !isSame(compared(before, part), compared(after, part)))
		.map((part) => partNames[part])
		.filter((name, index, all) => all.indexOf(name) === index);

/** How long a script may take does not affect the machine that it has made. */
const compared = (node: LabNode, part: keyof LabNode): unknown =>
	part === 'startupScripts' ? node.startupScripts.map(({ timeoutSeconds: _time, isTimeOfRun: _whose, ...script }) => script) : node[part];

/** Resolved plans are plain data, with their keys in a fixed order. */
const isSame = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);

/** Describes the plan in sentences, for the person. */
export function reloadSentences({ changed, scenarioChanged }: ReloadPlan): string[] {
	const why = (changes: readonly string[]) => (changes.length > 0 ? `${changes.join(', ')} changed` : 'it has no machine');
	const nodes = changed.map(({ node, changes }) => `${node} is replaced: ${why(changes)}`);
	return [...nodes, ...(scenarioChanged ? ['the scenario is read again'] : [])];
}
