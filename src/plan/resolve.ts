/** From the plan to the lab: every default filled in, every size a number, every assertion typed. */
import { ExitCode, Failure } from '../base/errors.js';
import { firstFreeHost, macAddresses, maximumNodes, parseCidr, uplinkAddress } from '../lab/addressing.js';
import type { Assertion, Connection, Lab, LabNetwork, LabNode, Scenario, StartupScript, User } from '../lab/lab.js';
import { readAssertion } from './assertions.js';
import { formatPath } from './keys.js';
import { startupScriptEntries } from './read.js';
import type { ConnectionDocument, NodeDocument, PlanDocument, ScenarioDocument, UserDocument } from './schema.js';
import { parseSize } from './sizes.js';
import type { PlanPath, PlanSource } from './types.js';

/** The unit that a startup script runs after when the plan names none; OpenFactory's own choice. */
export const DEFAULT_AFTER = 'network-online.target';

/**
 * The lab that a plan means, frozen to its leaves. It is meant for a plan without error findings; whatever would have
 * to be guessed or left out all the same is a `Failure` with exit status 2.
 */
export function resolveLab(source: PlanSource): Lab {
	const { document, problems } = source;
	const problem = problems[0];
	if (problem) throw planFailure(source, `${problem.path || 'plan'}: ${problem.message}`);
	if (!document) throw planFailure(source, 'the plan has another shape than expected');
	const resolver = new Resolver(source, document);
	const lab: Lab = {
		name: document.name,
		planPath: source.path,
		planSha256: source.sha256,
		network: resolver.network(),
		nodes: resolver.nodes(),
		connections: document.connections.map(resolveConnection),
		scenarios: document.scenarios.map((scenario, index) => resolver.scenario(scenario, ['scenarios', index])),
		warnings: document.warnings,
	};
	// A clone: the plan's own lists, which the lab holds, stay as they were.
	return deepFreeze(structuredClone(lab));
}

/** Resolving, with the plan at hand for the messages. */
class Resolver {
	readonly #source: PlanSource;
	readonly #document: PlanDocument;
	readonly #nodeNames: ReadonlySet<string>;

	constructor(source: PlanSource, document: PlanDocument) {
		this.#source = source;
		this.#document = document;
		this.#nodeNames = new Set(document.nodes.map(({ name }) => name));
	}

	network(): LabNetwork {
		const { network, nodes } = this.#document;
		const aliases = nodes.map(({ alias }, index) => {
			return parseCidr(alias) ?? this.#refuse(['nodes', index, 'alias'], 'is no address with prefix length');
		});
		const subnet = network?.subnet === undefined ? aliases[0]?.subnet : parseCidr(network.subnet)?.subnet;
		if (subnet === undefined) return this.#refuse(['network', 'subnet'], 'is no subnet');
		const outside = aliases.findIndex((alias) => alias.subnet !== subnet);
		if (outside >= 0) return this.#refuse(['nodes', outside, 'alias'], `is not in ${subnet}`);
		return { subnet, gateway: this.#gateway(subnet) };
	}

	#gateway(subnet: string): string {
		const { network, nodes } = this.#document;
		if (network?.gateway === undefined) {
			const free = firstFreeHost(subnet, nodes.map(({ alias }) => alias));
			return free ?? this.#refuse(['network'], `${subnet} has no address left for the gateway`);
		}
		const prefixLength = subnet.slice(subnet.indexOf('/'));
		const gateway = network.gateway.includes('/') ? network.gateway : `${network.gateway}${prefixLength}`;
		if (parseCidr(gateway)?.subnet === subnet) return gateway;
		return this.#refuse(['network', 'gateway'], `is not in ${subnet}`);
	}

	nodes(): LabNode[] {
		const { nodes } = this.#document;
		if (nodes.length > maximumNodes) {
			this.#refuse(['nodes'], `are ${nodes.length}; the uplink has addresses for ${maximumNodes}`);
		}
		if (this.#nodeNames.size < nodes.length) this.#refuse(['nodes'], 'two nodes have the same name');
		const macs = macAddresses(nodes.map(({ name }) => name));
		return nodes.map((node, index) => this.#node(node, index, macs[index] ?? ''));
	}

	#node(node: NodeDocument, index: number, mac: string): LabNode {
		const { recipe } = node;
		const path = ['nodes', index];
		this.#refuseFilled([...path, 'recipe', 'tests'], recipe.tests);
		this.#refuseFilled([...path, 'recipe', 'test_config', 'tests'], recipe.test_config?.tests ?? []);
		return {
			name: node.name,
			role: node.role,
			position: { x: node.x, y: node.y },
			memoryMiB: parseSize(node.memory) ?? this.#refuse([...path, 'memory'], 'is no size'),
			diskMiB: parseSize(node.disk) ?? this.#refuse([...path, 'disk'], 'is no size'),
			alias: node.alias,
			uplinkAddress: uplinkAddress(index),
			mac,
			dns: recipe.network?.dns ?? [],
			features: recipe.features,
			packages: recipe.packages,
			services: recipe.services,
			users: recipe.users.map(resolveUser),
			startupScripts: this.#startupScripts(index),
		};
	}

	#startupScripts(nodeIndex: number): StartupScript[] {
		const scripts = this.#source.scripts.filter((script) => script.nodeIndex === nodeIndex);
		const entries = startupScriptEntries(this.#document).filter((entry) => entry.nodeIndex === nodeIndex);
		const names = fileNames(entries.map(({ entry }) => entry.name));
		return entries.map(({ entry, path, scriptIndex }) => {
			const script = scripts.find((candidate) => candidate.scriptIndex === scriptIndex);
			if (!script) return this.#refuse(path, 'has no text');
			const { after = DEFAULT_AFTER } = entry;
			if (typeof after !== 'string') return this.#refuse([...path, 'after'], 'is a list, expected a string');
			const file = script.file === undefined ? {} : { file: script.file };
			return { name: names[scriptIndex] ?? entry.name, text: script.text, ...file, after };
		});
	}

	scenario(scenario: ScenarioDocument, path: PlanPath): Scenario {
		this.#refuseFilled([...path, 'tests'], scenario.tests);
		const tests = scenario.custom_tests.map((test, testIndex) => ({
			name: test.name,
			assertions: test.assertions.map((assertion, index): Assertion => {
				const place = [...path, 'custom_tests', testIndex, 'assertions', index];
				const reading = readAssertion(assertion);
				if (!reading.assertion) {
					const first = reading.problems[0];
					return this.#refuse([...place, ...(first?.path ?? [])], first?.message ?? 'cannot be read');
				}
				if (this.#nodeNames.has(reading.assertion.onVm)) return reading.assertion;
				return this.#refuse([...place, 'on_vm'], 'is missing or no node of the lab');
			}),
		}));
		return { name: scenario.name, tests };
	}

	/** Only `custom_tests` are run: passing over other tests would make a lab look better than it is. */
	#refuseFilled(path: PlanPath, tests: readonly unknown[]): void {
		if (tests.length > 0) this.#refuse(path, 'is not run; move its assertions into the custom_tests of a scenario');
	}

	#refuse(path: PlanPath, message: string): never {
		throw planFailure(this.#source, `${this.#source.locate(path).path || formatPath(path)} ${message}`);
	}
}

const planFailure = (source: PlanSource, message: string): Failure =>
	new Failure('plan', ExitCode.usage, `${source.path}: ${message}`, {
		hint: `see everything that is wrong with it: rehearse check ${source.path}`,
	});

const resolveUser = ({ username, password, groups, shell }: UserDocument): User => ({
	username,
	...(password === undefined ? {} : { password }),
	groups,
	shell,
});

const resolveConnection = ({ from, to, port, intent }: ConnectionDocument): Connection => ({
	from,
	to,
	port,
	...(intent === undefined ? {} : { intent }),
});

/** Names fit for files and units, unique: `Set up Immich.sh` → `set-up-immich`; a second one gets `-2`. */
export function fileNames(names: readonly string[]): string[] {
	const given = new Set<string>();
	return names.map((name) => {
		const words = name.replace(/\.sh$/, '').toLowerCase().split(/[^a-z0-9]+/);
		const stem = words.filter((word) => word !== '').join('-') || 'script';
		let unique = stem;
		for (let count = 2; given.has(unique); count++) unique = `${stem}-${count}`;
		given.add(unique);
		return unique;
	});
}

function deepFreeze<T>(value: T): T {
	if (value !== null && typeof value === 'object' && !Object.isFrozen(value)) {
		Object.freeze(value);
		Object.values(value).forEach(deepFreeze);
	}
	return value;
}
