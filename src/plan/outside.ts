/**
 * Which assertions no rehearsal can judge: those that ask for the world outside, and for what a machine of a rehearsal
 * does not have. Anything that could be decided here is: an assertion is only given up where what it names is nowhere in
 * the lab.
 */
import { parseCidr, isInside, uplink } from '../lab/addressing.js';
import type { Assertion, LabNode } from '../lab/lab.js';
import { holdsWord, partOfAddress } from '../lab/words.js';
import { filledIn } from '../shell/filled-in.js';
import { analyseScript, type ShellCommand } from '../shell/script.js';
import { isKeptByCloudInit } from './rules/command-packages.js';
import { findHosts, valued } from './rules/hosts.js';

/** What of a lab decides whether a host is inside or outside. */
export interface LabSurroundings {
	readonly nodes: readonly Pick<LabNode, 'name' | 'alias' | 'furtherAliases' | 'startupScripts' | 'features' | 'packages'>[];
}

/** Why an assertion cannot be judged; undefined for one that can. */
export function whyNotJudged(assertion: Assertion, lab: LabSurroundings): string | undefined {
	const node = lab.nodes.find(({ name }) => name === assertion.onVm);
	if (!node) return undefined;
	const host = hostsOf(assertion, node).find(({ name, answers }) => isOutside(name, node, lab) && !answers.some((by) => !isOutside(by, node, lab)))?.name;
	if (host !== undefined) return `${host} is in the world outside, which a rehearsal does not have`;
	if (assertion.type === 'package_not_installed' && isOnlyHere(assertion.package, node)) {
		return `every machine of a rehearsal has ${assertion.package}: cloud-init, which provisions it, depends on it`;
	}
	const hasLoader = node.packages.some((name) => name.startsWith('grub'));
	if (!hasLoader && asksForLoader(assertion)) return 'a rehearsal starts the kernel by itself: its machines have no boot loader';
	return undefined;
}

/** Whether a machine has a package though nothing of the recipe brings it. */
const isOnlyHere = (name: string, { packages, features }: LabSurroundings['nodes'][number]): boolean =>
	isKeptByCloudInit(name) && !packages.includes(name) && !(features.includes('python') && name === 'python3');

/** A host that is asked for, and addresses beside its name of which one may answer in its place: as `--resolve`, a proxy, a DNS server. */
interface AskedHost {
	readonly name: string;
	readonly answers: readonly string[];
}

function hostsOf(assertion: Assertion, node: LabSurroundings['nodes'][number]): readonly AskedHost[] {
	switch (assertion.type) {
		case 'network_reachable':
			return [{ name: assertion.host, answers: [] }];
		case 'http_responds':
			return [{ name: new URL(assertion.url).hostname.replace(/^\[|\]$/g, ''), answers: [] }];
		case 'command_output': {
			const { commands, variables } = analyseScript(assertion.command);
			const texts = [assertion.command, ...node.startupScripts.map(({ text }) => text)];
			return commands.flatMap((command) => {
				const asked = [...findHosts(command, variables), ...lookedUp(command), ...archivesOf(command, texts)];
				const beside = command.words.flatMap(({ value }) => value.toLowerCase().match(addresses) ?? []);
				return asked
					.filter((name) => !(assertion.command.includes('/etc/hosts') && definesName(assertion.command, name)))
					.map((name) => ({ name, answers: beside.filter((one) => one !== name) }));
			});
		}
		default:
			return [];
	}
}

/** Programs that ask for hosts and fetch nothing, with their options that take the next word as a value. */
const askers: Readonly<Record<string, RegExp>> = {
	ping: valued('cWwistIQmMTp'),
	ping6: valued('cWwistI'),
	host: valued('tWRcm'),
	// Its options have their values in themselves: `-type=mx`.
	nslookup: /(?!)/,
	dig: valued('bcfkpqtxy'),
	resolvectl: valued('ipct'),
	traceroute: valued('fmpqwsi'),
	tracepath: valued('lmp'),
};

function lookedUp({ name, words }: ShellCommand): readonly string[] {
	const values = words.slice(1).filter(({ dynamic }) => !dynamic).map(({ value }) => value);
	if (name === 'getent') return /^a?hosts(?:v[46])?$/.test(values[0] ?? '') ? values.slice(1) : [];
	const takesValue = name !== undefined && Object.hasOwn(askers, name) ? askers[name] : undefined;
	if (!takesValue) return [];
	return values.filter((value, index) => !/^[-+@]/.test(value) && !takesValue.test(values[index - 1] ?? '') && /^[\w:-]+(?:\.[\w-]+)+\.?$|:.*:/.test(value));
}

/** How Docker and Podman are told of a mirror, or of registries to look in. */
const ownRegistry = /registry-mirror|\/etc\/containers\/registries/;

/** The archives that a command fetches from without naming them, unless a script of the node, or the command itself, has others. */
function archivesOf({ name, words }: ShellCommand, texts: readonly string[]): readonly string[] {
	const operands = words.slice(1).filter(({ value, dynamic }) => !dynamic && !value.startsWith('-')).map(({ value }) => value);
	const [action, what = ''] = operands;
	if (/^apt(?:-get)?$/.test(name ?? '') && action === 'update') return texts.some((text) => text.includes('/etc/apt/')) ? [] : ['debian.org'];
	if (!/^(?:docker|podman)$/.test(name ?? '') || action !== 'pull' || what === '') return [];
	// A registry has a dot or a port, or is this machine (distribution/reference).
	const registry = what.includes('/') ? what.slice(0, what.indexOf('/')) : '';
	if (/[.:]|^localhost$/.test(registry)) return [registry.replace(/:\d+$/, '')];
	return texts.some((text) => ownRegistry.test(text)) ? [] : ['docker.io'];
}

/** Top-level domains that are nobody's in the world (RFC 2606, RFC 6761, RFC 6762, RFC 8375, ICANN's `internal`), those that there are not among them. */
const privateDomain = /(?:^|\.)(?:local|localhost|localdomain|internal|intranet|lan|lab|home|corp|private|test|invalid|example|home\.arpa|in-addr\.arpa)\.?$/i;

/** Addresses that are nobody's in the world: RFC 1918, RFC 6598, loopback, link-local, documentation, multicast. */
const privateNetworks = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '0.0.0.0/8', '192.0.2.0/24', '198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24', '224.0.0.0/3'];

/** Whether a name is nobody's in the world. */
export const isPrivateName = (host: string): boolean => privateDomain.test(host);

function isOutside(host: string, node: LabSurroundings['nodes'][number], { nodes }: LabSurroundings): boolean {
	const name = host.toLowerCase().replace(/\.$/, '');
	const aliases = nodes.flatMap(({ alias, furtherAliases = [] }) => [alias, ...furtherAliases]);
	if (parseCidr(`${name}/32`)) {
		const inside = [uplink.subnet, ...aliases.flatMap((alias) => parseCidr(alias)?.subnet ?? []), ...privateNetworks];
		return !inside.some((subnet) => isInside(name, subnet)) && !isGiven(name, node, nodes);
	}
	if (name.includes(':')) return /^[23][0-9a-f]{3}:/.test(name) && !/^2001:0?db8:/.test(name) && !isGiven(name, node, nodes);
	// A name of one label is a node's, or one that a script made; one of numbers alone is nobody's.
	if (!name.includes('.') || /^[\d.]+$/.test(name) || privateDomain.test(name)) return false;
	const scripts = nodes.flatMap(({ startupScripts }) => startupScripts);
	// Of a node's name with a domain behind it somebody in the lab has to know the domain: `api` may be a node, `api.github.com` is none.
	const domain = nodes.some((other) => name.startsWith(`${other.name}.`)) ? name.slice(name.indexOf('.') + 1) : undefined;
	if (domain !== undefined && scripts.some(({ text }) => mentions(text, domain))) return false;
	return !scripts.some((script) => {
		const { text, domains } = knownTo(script);
		return definesName(text, name) || mayDefine(text, name) || domainsAbove(name).some((one) => domains.has(one));
	});
}

const address = /\d+\.\d+\.\d+\.\d+|[0-9a-f]*:[0-9a-f:]*:[0-9a-f]*/i;

/** All of version 4 in a word, in linear time. */
const addresses = /(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])/g;

/**
 * A variable, or a command's output, that a line or a text in quotes begins with: `$DB db.example.com` in a here-document,
 * `echo "$DB db.example.com"`.
 */
const leadingVariable = /(?:^|["']|\becho[ \t]+)[ \t]*(?:\$\{?\w+\}?|\$\([^()]*\))[ \t]+(?:[\w.-]+[ \t]+)*$/;

/** What comes before a name in a line of /etc/hosts is no longer. */
const longestBefore = 300;
/** Longer ones are no command that anybody wrote, and would take long to be looked through. */
const longestLine = 1000;

/** Whether a script may make the name known: a line with an address and the name, as of /etc/hosts or dnsmasq. */
const definesName = (script: string, name: string): boolean =>
	script.split('\n').some((written) => {
		const line = written.toLowerCase();
		const at = line.indexOf(name);
		if (at === -1) return false;
		const begin = Math.max(0, at - longestBefore);
		const near = line.length <= longestLine ? line : line.slice(begin, at + name.length + longestBefore);
		return address.test(near.replaceAll(name, '')) || line.includes('/etc/hosts') || leadingVariable.test(line.slice(begin, at));
	});

/** Whether a domain is in a script, and not as a part of what is fetched from there. */
const mentions = (script: string, domain: string): boolean =>
	script.toLowerCase().includes(domain) && script.toLowerCase().split(/[\s"']+/).some((word) => word.includes(domain) && !word.includes('://'));

/** How a DNS server is told what it answers for: zones of BIND, NSD and Unbound, addresses and servers of dnsmasq. */
const servedDomain = /(?:\bzone\s+["']|-zone:\s*["']?|\$origin\s+|\b(?:address|local|server)=\/)([a-z0-9_-]+(?:\.[a-z0-9_-]+)+)/g;

interface KnownScript {
	/** Its text, with the variables that it gives a fixed value filled in. */
	readonly text: string;
	/** The domains that a DNS server which it sets up answers for. */
	readonly domains: ReadonlySet<string>;
}

/** What is known of a script, which is looked through once. */
const knownScripts = new WeakMap<object, KnownScript>();

function knownTo(script: { readonly text: string }): KnownScript {
	const before = knownScripts.get(script);
	if (before) return before;
	const { variables } = analyseScript(script.text);
	let room = longestFilled;
	const lines = script.text.split('\n').map((line) => {
		const filled = line.length > longestLine || room < 0 ? line : filledIn(line, variables);
		room -= filled.length - line.length;
		return filled;
	});
	const text = lines.join('\n');
	const known = { text, domains: new Set([...text.toLowerCase().matchAll(servedDomain)].map(([, domain = '']) => domain)) };
	knownScripts.set(script, known);
	return known;
}

/** How much longer a script may become, in characters: one that is made of variables could fill the memory. */
const longestFilled = 2 ** 20;

/** A name, and the domains that it is in. */
const domainsAbove = (name: string): readonly string[] => name.split('.').map((_label, index, labels) => labels.slice(index).join('.'));

/** Whether a script writes to /etc/hosts what is only known once it runs, as in a loop, and may mean the name by it. */
const mayDefine = (script: string, name: string): boolean =>
	script.split('\n').some((line) => line.includes('/etc/hosts') && line.includes('$')) &&
	(mentions(script, name) || domainsAbove(name).slice(1, -1).some((domain) => new RegExp(`\\$\\{?\\w+\\}?\\.${domain.replaceAll(/[^\w-]/g, '\\$&')}(?![\\w.-])`, 'i').test(script)));

/** Whether a script may give somebody the address: one of the node itself that names it, or one of another that adds it to an interface. */
function isGiven(given: string, node: LabSurroundings['nodes'][number], nodes: LabSurroundings['nodes']): boolean {
	const textsOf = ({ startupScripts }: LabSurroundings['nodes'][number]) => startupScripts.map(({ text }) => text.toLowerCase());
	if (textsOf(node).some((text) => text.includes(given))) return true;
	return nodes.flatMap(textsOf).some((text) => text.split('\n').some((line) => line.length <= longestLine && holdsWord(line, given, partOfAddress) && givesAnAddress(line)));
}

/** ip-address(8), and a network of systemd-networkd. The first `ip` will do: what comes behind another one is behind it too. */
function givesAnAddress(line: string): boolean {
	const ip = /\bip\b/.exec(line);
	return (ip !== null && /\sa(?:ddr(?:ess)?)?\s+(?:add|replace|change)\b/.test(line.slice(ip.index + ip[0].length))) || /^\s*address\s*=/.test(line);
}

const loaderPath = /^\/(?:boot\/(?:grub|efi)|etc\/default\/grub|etc\/grub\.d)(?:\/|$)/;

function asksForLoader(assertion: Assertion): boolean {
	switch (assertion.type) {
		case 'file_exists':
			return loaderPath.test(assertion.path);
		case 'package_installed':
			return /^grub/.test(assertion.package);
		case 'command_output':
			return analyseScript(assertion.command).commands.some(
				({ name = '', words }) => /^(?:grub-|update-grub|efibootmgr$)/.test(name) || words.some(({ value }) => loaderPath.test(value) || /^grub-(?:pc|efi|common)/.test(value)),
			);
		default:
			return false;
	}
}
