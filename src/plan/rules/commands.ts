/** The commands that assertions run, and whether recipes bring the programs that they and the scripts use. */
import { analyseScript, type ScriptAnalysis, type ShellCommand } from '../../shell/script.js';
import type { AssertionDocument, NodeDocument } from '../schema.js';
import { declaredPackages } from '../packages.js';
import { recipeTests } from '../recipe-tests.js';
import type { PlanPath } from '../types.js';
import { undeclaredPackage } from './command-packages.js';
import type { CheckContext } from './context.js';

/** Programs that scripts and assertions use, against what the recipe installs. */
export function checkCommands(context: CheckContext): void {
	for (const script of context.scripts) {
		const node = context.document.nodes[script.source.nodeIndex];
		if (!node) continue;
		for (const { command, missing, line } of findUndeclared(context, node, script.analysis)) {
			const message = `${command} is used, but ${node.name} does not declare ${missing}`;
			context.reportInScript('command-undeclared', script, line, message, fixFor(context, missing));
		}
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
	for (const { command: name, missing } of findUndeclared(context, node, analysis)) {
		const message = `${name} is used, but ${node.name} does not declare ${missing}`;
		context.report('command-undeclared', path, message, fixFor(context, missing));
	}
}

interface Undeclared {
	readonly command: string;
	readonly missing: string;
	readonly line: number;
}

/** Each command that the node's recipe brings no package for, once, where it is used first. */
function findUndeclared(context: CheckContext, node: NodeDocument, analysis: ScriptAnalysis): Undeclared[] {
	const declared = declaredPackages(node.recipe, context.features);
	const found = new Map<string, Undeclared>();
	const askedFor = new Set(analysis.commands.flatMap(namesAskedFor));
	for (const command of analysis.commands) {
		const { name, line } = command;
		if (name === undefined || analysis.functions.has(name) || found.has(name)) continue;
		if (askedFor.has(name) || !isLookedUp(command)) continue;
		const missing = undeclaredPackage(name, declared);
		if (missing !== undefined) found.set(name, { command: name, missing, line });
	}
	return [...found.values()];
}

/** Whether the shell looks for the program among Debian's own; one with a path of its own is somebody else's. */
const isLookedUp = ({ words: [first] }: ShellCommand): boolean =>
	!first?.value.includes('/') || /^(?:\/usr)?\/s?bin\/[^/]+$/.test(first.value);

/** The programs of which `command -v` and its like ask whether they are there: a script may do without them. */
function namesAskedFor({ name, words }: ShellCommand): readonly string[] {
	const operands = words.slice(1).map(({ value }) => value);
	const asks = name === 'command' ? /^-[vV]$/.test(operands[0] ?? '') : /^(?:type|which|hash)$/.test(name ?? '');
	return asks ? operands.filter((operand) => !operand.startsWith('-')) : [];
}

function fixFor(context: CheckContext, missing: string): string {
	const feature = Object.keys(context.features).find((name) => context.features[name]?.includes(missing));
	return `add the package "${missing}"${feature === undefined ? '' : ` or the feature "${feature}"`} to the recipe`;
}
