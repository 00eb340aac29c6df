import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { readGuestDefinition } from '../../../src/image/guest.js';
import { checkPlan, type Finding } from '../../../src/plan/check.js';
import { validatePlan } from '../../../src/plan/problems.js';
import { readPlan, startupScriptEntries } from '../../../src/plan/read.js';
import { parsePlanTree } from '../../../src/plan/tree.js';
import type { PlanSource } from '../../../src/plan/types.js';

/** AVA runs tests with the repository's root as the working directory. */
export const plansDirectory = resolve('test', 'plans');

const { features } = await readGuestDefinition();

/** The findings of a plan file under test/plans. */
export const checkFile = async (name: string): Promise<Finding[]> =>
	checkPlan(await readPlan(join(plansDirectory, name)), features);

/** The findings of a plan's text, whose scripts are all inline. */
export const checkText = (text: string): Finding[] => checkPlan(sourceOf(text), features);

/** A plan's text as it is after reading, without a file. */
export function sourceOf(text: string): PlanSource {
	const tree = parsePlanTree(text, 'plan.yaml');
	const { document, problems } = validatePlan(tree);
	const scripts = (document ? startupScriptEntries(document) : []).map(({ entry, ...place }) => {
		const lineOffset = tree.lineOffset([...place.path, 'script']);
		return { ...place, name: entry.name, text: entry.script ?? '', ...(lineOffset === undefined ? {} : { lineOffset }), ...(tree.isFolded([...place.path, 'script']) ? { isFolded: true } : {}) };
	});
	return {
		path: '/lab/plan.yaml',
		bytes: Buffer.from(text),
		text,
		value: tree.value,
		...(document ? { document } : {}),
		problems,
		scripts,
		sha256: '',
		locate: (path) => tree.locate(path),
	};
}

export const readText = (name: string): string => readFileSync(join(plansDirectory, name), 'utf8');

/** The rules of the findings, each once, sorted. */
export const rulesOf = (findings: readonly Finding[]): string[] => [...new Set(findings.map(({ rule }) => rule))].sort();

/** Plan files directly under a folder of test/plans. */
export const planFiles = (folder = '.'): string[] =>
	readdirSync(join(plansDirectory, folder)).filter((name) => /\.(?:ya?ml|json)$/.test(name) && name !== 'expected.json');

/** The plan `good/general.yaml` with these scripts, the first of which adds the alias, and these packages. */
export function withScripts([first = '', ...others]: readonly string[], packages: readonly string[] = []): string {
	const texts = [`ip addr add 10.72.0.10/24 dev eth0\n${first}`, ...others];
	const entries = texts.map((text, index) => `- { name: web${index}, script: ${JSON.stringify(text)} }`);
	return readText('good/general.yaml')
		.replace(/- name: web\n\s+script: .*/, () => entries.join('\n        '))
		.replace('features: [ssh]', `features: [ssh]\n      packages: [${packages.join(', ')}]`);
}
