/** Labs for tests: those under `test/labs`, the bundled one, and edited copies of them. */
import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { bundledLabsDirectory } from '../../../src/plan/find.js';
import { readPlan } from '../../../src/plan/read.js';
import type { AssertionDocument, NodeDocument, PlanDocument } from '../../../src/plan/schema.js';
import { copyInto, type Sandbox } from './sandbox.js';

export const bundledLab = 'immich-photo-vault';

/** The directory of a lab for tests. */
export const labDirectory = (name: string): string => path.resolve('test', 'labs', name);

/** Copies a lab of `test/labs` into the sandbox and edits its plan; resolves to the copy's directory. */
export async function editLab(sandbox: Sandbox, name: string, edit: (plan: PlanDocument) => void): Promise<string> {
	const lab = await copyInto(sandbox, labDirectory(name));
	const file = path.join(lab, 'plan.yaml');
	const { document } = await readPlan(file);
	if (!document) throw new Error(`${file} is no plan`);
	edit(document);
	await rm(file);
	await writeFile(path.join(lab, 'plan.json'), JSON.stringify(document, undefined, 2));
	return lab;
}

/** Copies the bundled lab into the sandbox and replaces a text that occurs once in one of its startup scripts. */
export async function breakBundledLab(sandbox: Sandbox, script: string, text: string, instead: string): Promise<string> {
	const lab = await copyInto(sandbox, path.join(bundledLabsDirectory(), bundledLab));
	const file = path.join(lab, 'startup', script);
	const parts = (await readFile(file, 'utf8')).split(text);
	if (parts.length !== 2) throw new Error(`${script} has ${JSON.stringify(text)} ${parts.length - 1} times`);
	await writeFile(file, parts.join(instead));
	return lab;
}

/** A node of a plan, by name. */
export function nodeOf(plan: PlanDocument, name: string): NodeDocument {
	const node = plan.nodes.find((candidate) => candidate.name === name);
	if (!node) throw new Error(`no node ${name}`);
	return node;
}

/** Gives a node one more startup script, after those that it has. */
export function addScript(plan: PlanDocument, node: string, name: string, lines: readonly string[]): void {
	nodeOf(plan, node).recipe.startup_scripts.push({ name, script: `${lines.join('\n')}\n` });
}

/** Gives a plan's scenario one more test. */
export function addTest(plan: PlanDocument, name: string, assertions: readonly AssertionDocument[]): void {
	plan.scenarios[0]?.custom_tests.push({ name, assertions: [...assertions] });
}

/** An assertion that does not hold as long as it is looked at. */
export const neverHolds = (node: string): AssertionDocument => ({
	type: 'command_output',
	on_vm: node,
	params: { command: 'cat /run/never', contains: 'reached' },
});
