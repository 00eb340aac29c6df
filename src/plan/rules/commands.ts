/** The commands that assertions run, and whether recipes bring the programs that they and the scripts use. */
import { analyseScript, type ScriptAnalysis, type ShellCommand } from '../../shell/script.js';
import { pythonImports } from '../../shell/python-imports.js';
import type { AssertionDocument, NodeDocument } from '../schema.js';
import { declaredPackages } from '../packages.js';
import { recipeTests } from '../recipe-tests.js';
import type { PlanPath } from '../types.js';
import { isKnownPackage, isOfEveryImage, undeclaredModule, undeclaredPackage } from './command-packages.js';
import type { AnalysedScript, CheckContext } from './context.js';

/** Programs that scripts and assertions use, against what the recipe installs. */
export function checkCommands(context: CheckContext): void {
	for (const script of context.scripts) {
		const node = context.document.nodes[script.source.nodeIndex];
		if (!node) continue;
		const { passedOver } = script.analysis;
		for (const { command, missing, line, doubt } of findUndeclared(context, node, script.analysis)) {
			const isPassedOver = passedOver.has(command);
			const why = doubt ?? (isPassedOver ? 'the script goes on without it' : undefined);
			context.reportInScript('command-undeclared', script, line, wordingOf(command, node, missing, why), fixFor(context, missing), why === undefined ? 'error' : 'warning');
		}
		checkModules(context, script, node);
	}
	context.document.scenarios.forEach((scenario, scenarioIndex) => {
		scenario.custom_tests.forEach((test, testIndex) => {
			test.assertions.forEach((assertion, index) => {
				const path = ['scenarios', scenarioIndex, 'custom_tests', testIndex, 'assertions', index];
				checkAssertionCommand(context, assertion, path);
			});
		});
	});
	for (const { test, path, node } of recipeTests(context.document)) {
		test.assertions.forEach((assertion, index) => {
			checkAssertionCommand(context, { on_vm: node, ...assertion }, [...path, 'assertions', index]);
		});
	}
}

/** Modules of Python that a rehearsal has for the sake of cloud-init. A guess: a package may depend on one of them. */
function checkModules(context: CheckContext, script: AnalysedScript, node: NodeDocument): void {
	const declared = declaredPackages(node.recipe, context.features);
	for (const { line: first, text } of script.analysis.python) {
		for (const { module, line } of pythonImports(text)) {
			const missing = undeclaredModule(module, declared);
			if (missing === undefined) continue;
			const message = `${module} is imported, but ${node.name} does not declare ${missing}; a rehearsal has it, since cloud-init needs it`;
			context.reportInScript('module-undeclared', script, first + line - 1, message, fixFor(context, missing));
		}
	}
}

function checkAssertionCommand(context: CheckContext, assertion: AssertionDocument, place: PlanPath): void {
	const isBeside = typeof assertion['command'] === 'string';
	const command = isBeside ? assertion['command'] : assertion.params?.['command'];
	if (assertion.type !== 'command_output' || typeof command !== 'string') return;
	const path = [...place, ...(isBeside ? [] : ['params']), 'command'];
	const analysis = analyseScript(command);
	for (const { message } of analysis.errors) {
		context.report('script-syntax', path, message, 'fix the command; a shell would refuse it');
	}
	const node = context.document.nodes.find(({ name }) => name === assertion.on_vm);
	if (!node) return;
	for (const { command: name, missing, doubt } of findUndeclared(context, node, analysis)) {
		context.report('command-undeclared', path, wordingOf(name, node, missing, doubt), fixFor(context, missing), doubt === undefined ? 'error' : 'warning');
	}
}

const wordingOf = (command: string, { name }: NodeDocument, missing: string, doubt: string | undefined): string =>
	`${command} is used, but ${name} does not declare ${missing}${doubt === undefined ? '' : `; a guess: ${doubt}`}`;

interface Undeclared {
	readonly command: string;
	readonly missing: string;
	readonly line: number;
	/** Why it may be there all the same. */
	readonly doubt: string | undefined;
}

/** Each command that the node's recipe brings no package for, once, where it is used first. */
function findUndeclared(context: CheckContext, node: NodeDocument, analysis: ScriptAnalysis): Undeclared[] {
	const declared = declaredPackages(node.recipe, context.features);
	const found = new Map<string, Undeclared>();
	const named = ownNames(analysis);
	const made = madeBy(context, node);
	const doubt = doubtOf(analysis, declared);
	for (const command of analysis.commands) {
		const { name, line } = command;
		if (name === undefined || analysis.functions.has(name) || found.has(name) || named.has(name) || made.has(name)) continue;
		if (!isLookedUp(command)) continue;
		const missing = undeclaredPackage(name, declared);
		const own = missing !== undefined && isOfEveryImage(missing) ? 'a rehearsal has it, since cloud-init needs it' : doubt;
		if (missing !== undefined) found.set(name, { command: name, missing, line, doubt: own });
	}
	return [...found.values()];
}

/** Whether the shell looks for the program among Debian's own; one with a path of its own is somebody else's. */
const isLookedUp = ({ words: [first] }: ShellCommand): boolean =>
	!first?.value.includes('/') || /^(?:\/usr)?\/s?bin\/[^/]+$/.test(first.value);

/** Names that a script has for something else, or of which it asks whether they are there: it may do without them. */
const ownNames = ({ commands }: ScriptAnalysis): ReadonlySet<string> =>
	new Set(commands.flatMap((command) => [...namesAskedFor(command), ...aliasesOf(command), ...programsAskedFor(command)]));

/** The programs of which `command -v` and its like ask whether they are there. */
function namesAskedFor({ name, words }: ShellCommand): readonly string[] {
	const operands = words.slice(1).map(({ value }) => value);
	const asks = name === 'command' ? /^-[vV]$/.test(operands[0] ?? '') : /^(?:type|which|hash)$/.test(name ?? '');
	return asks ? operands.filter((operand) => !operand.startsWith('-')).map(baseName) : [];
}

const aliasesOf = ({ name, words }: ShellCommand): readonly string[] =>
	name === 'alias' ? words.slice(1).flatMap(({ text }) => /^([^=]+)=/.exec(text)?.[1] ?? []) : [];

const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/** A program by its place, `/usr/local/bin/x`, whatever comes before it. */
const programPath = /\/s?bin\/([^/]+)$/;

/** The programs whose files a command asks for: `[ -x /usr/sbin/ufw ]`, `test -e …`, `[[ -f … ]]`. */
const programsAskedFor = ({ name, words }: ShellCommand): readonly string[] =>
	/^(?:\[{1,2}|test)$/.test(name ?? '') ? words.flatMap(({ value }) => programPath.exec(value)?.[1] ?? []) : [];

/** The programs that a node's scripts make, as far as a command names their place: what is copied, linked or written there. */
function madeBy(context: CheckContext, node: NodeDocument): ReadonlySet<string> {
	const index = context.document.nodes.indexOf(node);
	const commands = context.scripts.filter(({ source }) => source.nodeIndex === index).flatMap(({ analysis }) => analysis.commands);
	return new Set(
		commands.flatMap(({ name, words, writes }) => {
			// A reader makes nothing of what it is given.
			const places = [...writes, ...(makers.has(name ?? '') ? words.slice(1) : [])];
			return places.flatMap(({ value }) => programPath.exec(value)?.[1] ?? []);
		}),
	);
}

const makers = new Set(['ln', 'cp', 'mv', 'install', 'tee', 'chmod', 'curl', 'wget', 'update-alternatives', 'dd', 'touch', 'rsync']);

/** Why a program that no package is known for may be there all the same, as text. */
function doubtOf({ commands, statements }: ScriptAnalysis, declared: ReadonlySet<string>): string | undefined {
	const sourced = commands.find(({ name }) => name === '.' || name === 'source');
	if (sourced) return `a file that the script sources (${(sourced.words[1]?.text ?? '').slice(0, 60)}) may define it`;
	if (statements.some(({ text }) => text.startsWith('PATH=')) || commands.some(({ name, words }) => name === 'export' && words.some(({ text }) => text.startsWith('PATH=')))) {
		return 'the script looks for programs in other places, too (PATH)';
	}
	if (commands.some(({ name, words }) => installers.test(name ?? '') && words.some(({ value }) => value === 'install'))) return 'the script installs packages of its own';
	const unknown = [...declared].find((name) => !isKnownPackage(name));
	return unknown === undefined ? undefined : `${unknown} may depend on it`;
}

const installers = /^(?:apt|apt-get|aptitude|dpkg|pip3?|npm|snap|gem)$/;

function fixFor(context: CheckContext, missing: string): string {
	const feature = Object.keys(context.features).find((name) => context.features[name]?.includes(missing));
	return `add the package "${missing}"${feature === undefined ? '' : ` or the feature "${feature}"`} to the recipe`;
}
