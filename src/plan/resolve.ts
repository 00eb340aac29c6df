import { ExitCode, Failure } from '../base/errors.js';
import { macAddresses, maximumNodes, uplinkAddress } from '../lab/addressing.js';
import type { Assertion, Connection, Lab, LabNode, Scenario, ScenarioTest, StartupScript, User } from '../lab/lab.js';
import { readAssertion } from './assertions.js';
import { suiteOf } from './base-images.js';
import { formatPath } from './keys.js';
import { leftOutOf } from './left-out.js';
import { whyNotJudged } from './outside.js';
import { hasFirewall, wantedPackages } from './packages.js';
import { recipeHash, recipesOf } from './recipe-hash.js';
import { startupScriptEntries } from './read.js';
import { recipeTests } from './recipe-tests.js';
import { openPorts, resolveNetwork } from './resolve-network.js';
import type { FeaturePackages } from './rules/context.js';
import type {
	ConnectionDocument,
	NodeDocument,
	PlanDocument,
	ScenarioDocument,
	TestDocument,
	UserDocument,
} from './schema.js';
import { readSshSettings, unitOf, whyNoUnit } from './services.js';
import { parseSize } from './sizes.js';
import type { PlanPath, PlanSource } from './types.js';

/** From the plan to the lab: every default filled in, every size a number, every assertion typed. */

/** The unit that a startup script runs after when the plan names none; OpenFactory's own choice. */
export const DEFAULT_AFTER = 'network-online.target';

/** What images can be made of, as far as a lab depends on it. */
export interface Buildable {
	readonly suite: string;
	readonly features: FeaturePackages;
	/** Packages of every image. */
	readonly base: readonly string[];
}

/**
 * The lab that a plan means, frozen to its leaves. It is meant for a plan without error findings; whatever would have
 * to be guessed or left out all the same is a `Failure` with exit status 2.
 */
export function resolveLab(source: PlanSource, buildable: Buildable): Lab {
	const { document, problems } = source;
	const problem = problems[0];
	if (problem) throw planFailure(source, `${problem.path || 'plan'}: ${problem.message}`);
	if (!document) throw planFailure(source, 'the plan has another shape than expected');
	const resolver = new Resolver(source, document, buildable);
	const network = resolveNetwork(document, resolver.refuse);
	const plainNodes = resolver.nodes();
	const connections = document.connections.map(resolveConnection);
	const scenarios = resolver.scenarios(plainNodes);
	const nodes = plainNodes.map((node, index) =>
		hasFirewall(document.nodes[index]?.recipe ?? { features: [], services: [] }) ? { ...node, firewall: openPorts(node, connections, scenarios) } : node,
	);
	const lab: Lab = {
		name: document.name,
		planPath: source.path,
		planSha256: source.sha256,
		network,
		nodes,
		connections,
		scenarios,
		warnings: document.warnings,
		leftOut: leftOutOf(source, document, buildable.features, buildable.base),
	};
	// A clone: the plan's own lists, which the lab holds, stay as they were.
	return deepFreeze(structuredClone(lab));
}

/** Resolving, with the plan at hand for the messages. */
class Resolver {
	readonly #source: PlanSource;
	readonly #document: PlanDocument;
	readonly #buildable: Buildable;
	readonly #nodeNames: ReadonlySet<string>;

	constructor(source: PlanSource, document: PlanDocument, buildable: Buildable) {
		this.#source = source;
		this.#document = document;
		this.#buildable = buildable;
		this.#nodeNames = new Set(document.nodes.map(({ name }) => name));
	}

	nodes(): LabNode[] {
		const { nodes } = this.#document;
		if (nodes.length > maximumNodes) {
			this.refuse(['nodes'], `are ${nodes.length}; the uplink has addresses for ${maximumNodes}`);
		}
		if (this.#nodeNames.size < nodes.length) this.refuse(['nodes'], 'two nodes have the same name');
		const macs = macAddresses(nodes.map(({ name }) => name));
		return nodes.map((node, index) => this.#node(node, index, macs[index] ?? ''));
	}

	#node(node: NodeDocument, index: number, mac: string): LabNode {
		const { recipe } = node;
		const path = ['nodes', index];
		const [alias = '', ...furtherAliases] = node.alias;
		const { features, packages, without } = wantedPackages(recipe, this.#buildable.features);
		const suite = suiteOf(recipe.base_image ?? '') ?? this.refuse([...path, 'recipe', 'base_image'], 'cannot be rehearsed');
		const settings = recipe.services.map(readSshSettings).find((reading) => reading.settings)?.settings;
		return {
			name: node.name,
			role: node.role,
			recipeSha256: this.#recipeHash(index),
			...(node.x === undefined || node.y === undefined ? {} : { position: { x: node.x, y: node.y } }),
			memoryMiB: parseSize(node.memory) ?? this.refuse([...path, 'memory'], 'is no size'),
			diskMiB: parseSize(node.disk) ?? this.refuse([...path, 'disk'], 'is no size'),
			...(node.vcpus === undefined || node.vcpus === 1 ? {} : { vcpus: node.vcpus }),
			...(suite === this.#buildable.suite ? {} : { suite }),
			alias,
			...(furtherAliases.length > 0 ? { furtherAliases } : {}),
			uplinkAddress: uplinkAddress(index),
			mac,
			dns: recipe.network?.dns ?? [],
			features,
			packages,
			...(without.length > 0 ? { withoutPackages: without } : {}),
			services: [...new Set(recipe.services.map(({ name }) => name).filter((name) => whyNoUnit(name) === undefined).map(unitOf))],
			...(settings ? { ssh: settings } : {}),
			users: recipe.users.map(resolveUser),
			startupScripts: this.#startupScripts(index),
		};
	}

	#recipeHash(index: number): string {
		try {
			return recipeHash(recipesOf(this.#source.value)[index]);
		} catch {
			return this.refuse(['nodes', index, 'recipe'], 'has a number that JSON does not have, such as .inf');
		}
	}

	#startupScripts(nodeIndex: number): StartupScript[] {
		const scripts = this.#source.scripts.filter((script) => script.nodeIndex === nodeIndex);
		const entries = startupScriptEntries(this.#document).filter((entry) => entry.nodeIndex === nodeIndex);
		const names = fileNames(entries.map(({ entry }) => entry.name));
		return entries.map(({ entry, path, scriptIndex }) => {
			const script = scripts.find((candidate) => candidate.scriptIndex === scriptIndex);
			if (!script) return this.refuse(path, 'has no text');
			const { after = DEFAULT_AFTER, timeout } = entry;
			if (typeof after !== 'string') return this.refuse([...path, 'after'], 'is a list, expected a string');
			return {
				name: names[scriptIndex] ?? entry.name,
				text: script.text,
				...(script.bytes === undefined ? {} : { bytes: script.bytes }),
				...(script.file === undefined ? {} : { file: script.file }),
				after,
				...(timeout === undefined ? {} : { timeoutSeconds: timeout }),
			};
		});
	}

	/** The plan's own, and one for the tests that recipes bring. */
	scenarios(nodes: readonly LabNode[]): Scenario[] {
		const own = this.#document.scenarios.map((scenario, index) => this.#scenario(scenario, ['scenarios', index], nodes));
		const brought = recipeTests(this.#document).map(({ name, test, path, node }) => this.#test({ ...test, name }, path, nodes, node));
		return brought.length === 0 ? own : [...own, { name: 'recipes', tests: brought }];
	}

	#scenario(scenario: ScenarioDocument, path: PlanPath, nodes: readonly LabNode[]): Scenario {
		// Only `custom_tests` are run: passing over other tests would make a lab look better than it is.
		if (scenario.tests.length > 0) this.refuse([...path, 'tests'], 'is not run; move its assertions into custom_tests');
		const tests = scenario.custom_tests.map((test, index) => this.#test(test, [...path, 'custom_tests', index], nodes));
		return { name: scenario.name, ...(scenario.settle === undefined ? {} : { settleSeconds: scenario.settle }), tests };
	}

	/** `node`: where assertions are made that name no node. */
	#test(test: TestDocument, path: PlanPath, nodes: readonly LabNode[], node?: string): ScenarioTest {
		const assertions = test.assertions.map((document, index): Assertion => {
			const place = [...path, 'assertions', index];
			const reading = readAssertion(node === undefined ? document : { on_vm: node, ...document });
			if (!reading.assertion) {
				const first = reading.problems[0];
				return this.refuse([...place, ...(first?.path ?? [])], first?.message ?? 'cannot be read');
			}
			const { assertion } = reading;
			if (!this.#nodeNames.has(assertion.onVm)) return this.refuse([...place, 'on_vm'], 'is missing or no node of the lab');
			const notJudged = whyNotJudged(assertion, { nodes });
			return notJudged === undefined ? assertion : { ...assertion, notJudged };
		});
		return { name: test.name, assertions };
	}

	readonly refuse = (path: PlanPath, message: string): never => {
		throw planFailure(this.#source, `${this.#source.locate(path).path || formatPath(path)} ${message}`);
	};
}

const planFailure = (source: PlanSource, message: string): Failure =>
	new Failure('plan', ExitCode.usage, `${source.path}: ${message}`, {
		hint: `see everything that is wrong with it: rehearse check ${source.path}`,
	});

const resolveUser = ({ username, password, groups, shell, home, comment, ssh_keys: sshKeys = [] }: UserDocument): User => ({
	username,
	...(password === undefined ? {} : { password }),
	groups,
	shell,
	...(home === undefined ? {} : { home }),
	...(comment === undefined || comment === '' ? {} : { comment }),
	...(sshKeys.length > 0 ? { sshKeys } : {}),
});

const resolveConnection = ({ from, to, port, protocol, intent }: ConnectionDocument): Connection => ({
	from,
	to,
	port,
	...(protocol === 'udp' ? { protocol } : {}),
	...(intent === undefined ? {} : { intent }),
});

/** Names fit for files and units, unique: `Set up Immich.sh` → `set-up-immich`; a second one gets `-2`. */
export function fileNames(names: readonly string[]): string[] {
	const given = new Set<string>();
	return names.map((name) => {
		const parts = name.replace(/\.sh$/, '').toLowerCase().split(/[^a-z0-9]+/);
		const stem = parts.filter((part) => part !== '').join('-').slice(0, 100) || 'script';
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
