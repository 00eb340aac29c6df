/**
 * Parses a stranger's description of a lab. It checks every value that becomes a part of a command, a path or an address on
 * this host. The other values only go to guests, or to the screen.
 */
import { usageFailure } from '../base/errors.js';
import { withoutControls } from '../base/format.js';
import { isCount, isText } from '../base/untrusted.js';
import { maximumNodes } from '../lab/addressing.js';
import type { Lab, LabNode } from '../lab/lab.js';
import { isUserName } from '../lab/user-name.js';
import { isAcceleratorName } from '../machine/accelerators.js';
import type { SavedLab, SavedMachine } from './saved-lab.js';

/** Parses the text of `lab.json`. @throws Failure `usage` for a text that does not describe a lab */
export function parseSavedLab(text: string): SavedLab {
	let value: unknown;
	try {
		value = JSON.parse(text, (_key, inner: unknown) => (typeof inner === 'string' ? withoutControls(inner) : inner));
	} catch {
		throw invalid('it is not JSON');
	}
	const problem = findProblem(asRecord(value));
	if (problem !== undefined) throw invalid(problem);
	return value as SavedLab;
}

const invalid = (problem: string) =>
	usageFailure(`the bundle's description of its lab is invalid: ${problem}`, {
		hint: 'get the bundle again from the person who made it',
	});

type Unknown<T> = { readonly [Key in keyof T]?: unknown };

function findProblem({ schema, run, lab, trace, accelerator, qemuVersion, machines, absent }: Unknown<SavedLab>): string | undefined {
	if (schema !== 1) return `its schema is ${JSON.stringify(schema)}`;
	const { name, accel, cpu } = asRecord(accelerator);
	if (![run, accel, cpu, qemuVersion].every(isText) || typeof trace !== 'boolean') return 'it lacks a property';
	if (!isAcceleratorName(name)) return 'it names no accelerator';
	const problem = findLabProblem(asRecord(lab));
	if (problem !== undefined) return problem;
	const names = new Set((lab as Lab).nodes.map((node) => node.name));
	const isNode = (node: unknown): boolean => isText(node) && names.has(node);
	if (!isListOf(absent, isNode) || !isListOf(machines, (machine) => isMachine(machine) && isNode(asRecord(machine)['node']))) return 'its machines are not those of its nodes';
	const reported = [...(absent as string[]), ...(machines as SavedMachine[]).map(({ node }) => node)];
	return new Set(reported).size === reported.length && reported.length === names.size ? undefined : 'its machines are not those of its nodes';
}

/** The same check as in ../plan/rules/names. */
const isLabel = (value: unknown): value is string => isText(value) && /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(value);

const octet = '(?:25[0-5]|2[0-4]\\d|1?\\d?\\d)';
const address = `${octet}(?:\\.${octet}){3}`;
const isAddress = matching(new RegExp(`^${address}$`));
const isPrefixed = matching(new RegExp(`^${address}/(?:[12]?\\d|3[0-2])$`));
const isMac = matching(/^[0-9a-f]{2}(?::[0-9a-f]{2}){5}$/);
const isNameOfUser = (value: unknown): value is string => isText(value) && isUserName(value);

function findLabProblem({ name, planPath, planSha256, network, nodes, connections, scenarios, warnings, leftOut }: Unknown<Lab>): string | undefined {
	if (!isLabel(name) || planPath !== '' || !isText(planSha256)) return 'its name is none';
	const { others } = asRecord(network);
	if (![network, ...asList(others)].every((one) => isPrefixed(asRecord(one)['subnet']) && isPrefixed(asRecord(one)['gateway']))) return 'its network is none';
	if (!Array.isArray(nodes) || nodes.length > maximumNodes) return `its nodes are none, or more than ${maximumNodes}`;
	if (!isListOf(nodes, isNodeOfLab) || nodes.length === 0) return 'a node of it is none';
	const names = new Set((nodes as LabNode[]).map((node) => node.name));
	if (names.size < nodes.length) return 'it has a node twice';
	const isNode = (node: unknown): boolean => isText(node) && names.has(node);
	const isConnection = (one: unknown): boolean => {
		const { from, to, port, intent } = asRecord(one);
		return isNode(from) && isNode(to) && isCount(port) && port < 65_536 && (intent === undefined || isText(intent));
	};
	const isAssertion = (one: unknown): boolean => isNode(asRecord(one)['onVm']) && isText(asRecord(one)['type']);
	const isTest = (one: unknown): boolean => isText(asRecord(one)['name']) && isListOf(asRecord(one)['assertions'], isAssertion);
	const isScenario = (one: unknown): boolean => isText(asRecord(one)['name']) && isListOf(asRecord(one)['tests'], isTest);
	if (!isListOf(connections, isConnection) || !isListOf(scenarios, isScenario)) return 'its scenario is none';
	const isLeftOut = (one: unknown): boolean => isText(asRecord(one)['path']) && isText(asRecord(one)['why']);
	return isListOf(warnings, isText) && isListOf(leftOut, isLeftOut) ? undefined : 'its warnings are none';
}

function isNodeOfLab(value: unknown): boolean {
	const node: Unknown<LabNode> = asRecord(value);
	const lists = [node.dns, node.features, node.packages, node.services];
	return (
		isLabel(node.name) &&
		isText(node.role) &&
		[node.memoryMiB, node.diskMiB].every((size) => isCount(size) && size > 0 && size < 2 ** 30) &&
		(node.alias === '' || isPrefixed(node.alias)) &&
		(node.furtherAliases === undefined || isListOf(node.furtherAliases, isPrefixed)) &&
		(node.ssh === undefined || isPort(asRecord(node.ssh)['port'])) &&
		(node.vcpus === undefined || (isCount(node.vcpus) && node.vcpus >= 1 && node.vcpus <= 64)) &&
		isAddress(node.uplinkAddress) &&
		isMac(node.mac) &&
		lists.every((list) => isListOf(list, isText)) &&
		isListOf(node.users, isUser) &&
		isListOf(node.startupScripts, isScript)
	);
}

const isUser = (value: unknown): boolean => {
	const { username, password, groups, shell } = asRecord(value);
	return isNameOfUser(username) && (password === undefined || isText(password)) && isListOf(groups, isText) && isText(shell);
};

/** Whether a stranger's value may be used as a port in a configuration of ssh(1). */
const isPort = (value: unknown): boolean => isCount(value) && value >= 1 && value <= 65_535;

const isScript = (value: unknown): boolean => {
	const { name, text, file, after, bytes, timeoutSeconds } = asRecord(value);
	const isTimed = timeoutSeconds === undefined || (typeof timeoutSeconds === 'number' && timeoutSeconds > 0);
	return [name, text, after].every(isText) && file === undefined && (bytes === undefined || isText(bytes)) && isTimed;
};

const isMachine = (value: unknown): boolean => {
	const { image, username, password, hostKey, startup }: Unknown<SavedMachine> = asRecord(value);
	const { key, builtAt } = asRecord(image);
	const { status, scripts } = asRecord(startup);
	return (
		isText(key) &&
		/^[0-9a-f]{16}$/.test(key) &&
		typeof builtAt === 'number' &&
		isNameOfUser(username) &&
		(password === undefined || isText(password)) &&
		isText(hostKey) &&
		/^ssh-ed25519 [A-Za-z0-9+/=]+(?: [\w.@-]*)?$/.test(hostKey) &&
		['passed', 'failed', 'error'].includes(String(status)) &&
		isListOf(scripts, isOutcome)
	);
};

const isOutcome = (value: unknown): boolean => {
	const { node, script, status, ms, output } = asRecord(value);
	return [node, script, output].every(isText) && typeof ms === 'number' && ['passed', 'failed', 'timed-out'].includes(String(status));
};

const asRecord = (value: unknown): Readonly<Record<string, unknown>> =>
	typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};

const asList = (value: unknown): readonly unknown[] => (value === undefined ? [] : Array.isArray(value) ? value : [value]);

const isListOf = (value: unknown, isOne: (one: unknown) => boolean): value is unknown[] => Array.isArray(value) && value.every(isOne);

function matching(pattern: RegExp): (value: unknown) => boolean {
	return (value) => isText(value) && pattern.test(value);
}
