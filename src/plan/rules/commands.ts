/** The commands that assertions run, and whether recipes bring the programs that they and the scripts use. */
import { analyseScript, type ScriptAnalysis, type ShellCommand } from '../../shell/script.js';
import { pythonImports } from '../../shell/python-imports.js';
import type { AssertionDocument, NodeDocument } from '../schema.js';
import { declaredPackages } from '../packages.js';
import { recipeTests } from '../recipe-tests.js';
import type { PlanPath } from '../types.js';
import { isOfEveryImage, undeclaredModule, undeclaredPackage } from './command-packages.js';
import type { AnalysedScript, CheckContext } from './context.js';
import { doubtOf, findProgramSources, isQuestion, type ProgramSources } from './program-sources.js';

/** Programs that scripts and assertions use, against what the recipe installs. */
export function checkCommands(context: CheckContext): void {
	const nodes = context.document.nodes.map((node, index) => nodeUnderCheck(context, node, index));
	for (const script of context.scripts) {
		const node = nodes[script.source.nodeIndex];
		if (!node) continue;
		for (const { command, missing, line, doubt } of findUndeclared(node, script.analysis)) {
			context.reportInScript('command-undeclared', script, line, wordingOf(command, node, missing, doubt), fixFor(context, missing), doubt === undefined ? 'error' : 'warning');
		}
		checkModules(context, script, node);
	}
	const nodesByName = new Map(nodes.map((node) => [node.name, node]));
	context.document.scenarios.forEach((scenario, scenarioIndex) => {
		scenario.custom_tests.forEach((test, testIndex) => {
			test.assertions.forEach((assertion, index) => {
				const path = ['scenarios', scenarioIndex, 'custom_tests', testIndex, 'assertions', index];
				checkAssertionCommand(context, assertion, nodesByName, path);
			});
		});
	});
	for (const { test, path, node } of recipeTests(context.document)) {
		test.assertions.forEach((assertion, index) => {
			checkAssertionCommand(context, { on_vm: node, ...assertion }, nodesByName, [...path, 'assertions', index]);
		});
	}
}

/** A node with the packages that are declared for it, and what its scripts bring: they are there for its assertions, too. */
interface NodeUnderCheck extends ProgramSources {
	/** Of the node in the plan. */
	readonly path: PlanPath;
	readonly name: string;
	readonly declared: ReadonlySet<string>;
}

function nodeUnderCheck(context: CheckContext, { name, recipe }: NodeDocument, index: number): NodeUnderCheck {
	const declared = declaredPackages(recipe, context.features);
	const scripts = context.scripts.filter(({ source }) => source.nodeIndex === index).map(({ analysis }) => analysis);
	return { path: ['nodes', index], name, declared, ...findProgramSources(scripts, declared) };
}

/** Modules of Python that a rehearsal has for the sake of cloud-init. A guess: a package may depend on one of them. */
function checkModules(context: CheckContext, script: AnalysedScript, { name, declared }: NodeUnderCheck): void {
	for (const { line: first, text } of script.analysis.python) {
		for (const { module, line } of pythonImports(text)) {
			const missing = undeclaredModule(module, declared);
			if (missing === undefined) continue;
			const message = `${module} is imported, but ${name} does not declare ${missing}; a rehearsal has it, since cloud-init needs it`;
			context.reportInScript('module-undeclared', script, first + line - 1, message, fixFor(context, missing));
		}
	}
}

function checkAssertionCommand(context: CheckContext, assertion: AssertionDocument, nodes: ReadonlyMap<string, NodeUnderCheck>, place: PlanPath): void {
	const isBeside = typeof assertion['command'] === 'string';
	const command = isBeside ? assertion['command'] : assertion.params?.['command'];
	if (assertion.type !== 'command_output' || typeof command !== 'string') return;
	const path = [...place, ...(isBeside ? [] : ['params']), 'command'];
	const analysis = analyseScript(command);
	for (const { message } of analysis.errors) {
		context.report('script-syntax', path, message, 'fix the command; a shell would refuse it');
	}
	const node = nodes.get(assertion.on_vm ?? '');
	// That a program is missing may be what it asserts.
	if (!node || String(assertion['exit_code'] ?? assertion.params?.['exit_code']) === notFound) return;
	// One by itself may have a reason as well: `PATH=/opt/x/bin:$PATH jq …`.
	const doubtful = { ...node, doubt: node.doubt ?? doubtOf(analysis, node.written) };
	for (const { command: name, missing, doubt } of findUndeclared(doubtful, analysis)) {
		context.report('command-undeclared', path, wordingOf(name, node, missing, doubt), fixFor(context, missing), doubt === undefined ? 'error' : 'warning', node.path);
	}
}

/** The status with which a shell reports a program that is not there. */
const notFound = '127';

const wordingOf = (command: string, { name }: NodeUnderCheck, missing: string, doubt: string | undefined): string =>
	`${command} is used, but ${name} does not declare ${missing}${doubt === undefined ? '' : `; a guess: ${doubt}`}`;

interface Undeclared {
	readonly command: string;
	readonly missing: string;
	readonly line: number;
	/** Why it may be there, or need not be there, all the same. */
	readonly doubt: string | undefined;
}

/** Each command that the node's recipe brings no package for, once: where it surely runs, or else where it is used first. */
function findUndeclared({ declared, made, doubt }: NodeUnderCheck, analysis: ScriptAnalysis): Undeclared[] {
	const found = new Map<string, Undeclared & { readonly isSure: boolean }>();
	const named = ownNames(analysis);
	for (const command of analysis.commands) {
		const { name, line, runs } = command;
		if (name === undefined || analysis.functions.has(name) || named.has(name) || made.has(name)) continue;
		const isSure = runs === 'surely';
		if (found.get(name)?.isSure === isSure || found.get(name)?.isSure === true || runs === 'elsewhere' || !isLookedUp(command)) continue;
		const missing = undeclaredPackage(name, declared);
		if (missing === undefined || named.has(missing)) continue;
		const why = isOfEveryImage(missing) ? 'a rehearsal has it, since cloud-init needs it' : (doubt ?? (isSure ? undefined : 'the script may not come to it, or goes on without it'));
		found.set(name, { command: name, missing, line, doubt: why, isSure });
	}
	return [...found.values()];
}

/** Whether the shell looks for the program among Debian's own; one with a path of its own is somebody else's. */
const isLookedUp = ({ words: [first] }: ShellCommand): boolean =>
	!first?.value.includes('/') || /^(?:\/usr)?\/s?bin\/[^/]+$/.test(first.value);

/** Names that a script has for something else, or of which it asks whether they are there: it may do without them. */
const ownNames = ({ commands }: ScriptAnalysis): ReadonlySet<string> =>
	new Set(commands.flatMap((command) => [...namesAskedFor(command), ...aliasesOf(command), ...programsAskedFor(command)]));

/** The programs and packages of which `command -v`, `dpkg -s` and their like ask whether they are there. */
function namesAskedFor(command: ShellCommand): readonly string[] {
	const { name, words } = command;
	const operands = words.slice(1).map(({ value }) => value);
	const isOfPackages = name === 'dpkg-query' || (name === 'dpkg' && operands.some((operand) => /^(?:-[slLp]|--(?:status|list|listfiles)$)/.test(operand)));
	return isQuestion(command) || isOfPackages ? operands.filter((operand) => !operand.startsWith('-')).map(baseName) : [];
}

const aliasesOf = ({ name, words }: ShellCommand): readonly string[] =>
	name === 'alias' ? words.slice(1).flatMap(({ text }) => /^["']?([^="']+)["']?=/.exec(text)?.[1] ?? []) : [];

const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/** A program by its place, `/usr/local/bin/x`, whatever comes before it. */
const programPath = /\/s?bin\/([^/]+)$/;

/** The programs whose files a command asks for: `[ -x /usr/sbin/ufw ]`, `test -e …`, `[[ -f … ]]`. */
const programsAskedFor = ({ name, words }: ShellCommand): readonly string[] =>
	/^(?:\[{1,2}|test)$/.test(name ?? '') ? words.flatMap(({ value }) => programPath.exec(value)?.[1] ?? []) : [];

function fixFor(context: CheckContext, missing: string): string {
	const feature = Object.keys(context.features).find((name) => context.features[name]?.includes(missing));
	return `add the package "${missing}"${feature === undefined ? '' : ` or the feature "${feature}"`} to the recipe`;
}
