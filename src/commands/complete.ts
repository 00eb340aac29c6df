/** What a shell may offer: labs, nodes and runs that there are. It reads, starts nothing, and is silent about what it cannot read. */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { bundledLabs, findPlan, planFiles } from '../plan/find.js';
import { writtenTopics } from './help.js';
import { readPlanAlone } from '../plan/read.js';
import { isStaging } from '../runs/run-directory.js';
import { findLiveLabs } from '../runs/live-labs.js';
import { findRun, readPlanCopy, runsNewestFirst } from '../runs/stored-runs.js';

/** What is asked for: see `Kind` of the command line. */
type Kind = 'lab' | 'up-lab' | 'node' | 'run' | 'topic';

interface Found {
	readonly word: string;
	readonly what: string;
}

/** How many directories are looked into for a plan. */
const maximumDirectories = 500;

/** What there is of a kind. `words` are those that were typed before; `runs` is the directory of all runs. */
export async function lookUp(kind: Kind, words: readonly string[], runs: string): Promise<readonly Found[]> {
	switch (kind) {
		case 'lab':
			return [...bundledLabs().map((word) => ({ word, what: 'bundled lab' })), ...labsHere()];
		case 'up-lab':
			return (await findLiveLabs(runs)).map(({ name }) => ({ word: name, what: 'is up' }));
		case 'run':
			return runsNewestFirst(runs)
				.map((directory) => path.basename(directory))
				.filter((name) => !isStaging(name))
				.map((word) => ({ word, what: 'run' }));
		case 'node':
			return nodesFor(words, runs);
		case 'topic':
			return [...writtenTopics().map(({ name, title }) => ({ word: name, what: title })), { word: 'flags', what: 'of all commands' }];
	}
}

/** Directories below this one with a plan in them. */
function labsHere(): readonly Found[] {
	const list = (directory: string) => {
		try {
			return readdirSync(directory, { withFileTypes: true });
		} catch {
			return [];
		}
	};
	return list('.')
		.filter((entry) => entry.isDirectory())
		.slice(0, maximumDirectories)
		.filter(({ name }) => list(name).some((entry) => planFiles.includes(entry.name)))
		.map(({ name }) => ({ word: name, what: 'plan here' }));
}

/** The commands whose nodes are those of a plan, and of the newest run; those of all others are in a lab that is up. */
const ofPlans = new Set(['run', 'watch', 'up', 'iso']);
const ofRuns = new Set(['trace']);

async function nodesFor(words: readonly string[], runs: string): Promise<readonly Found[]> {
	const command = words.find((word) => !word.startsWith('-')) ?? '';
	if (ofPlans.has(command)) return ofPlan(words.slice(words.indexOf(command) + 1));
	if (ofRuns.has(command)) {
		const run = await Promise.resolve()
			.then(() => findRun(undefined, runs))
			.then(readPlanCopy)
			.catch(() => undefined);
		return (run?.document?.nodes ?? []).map(({ name }) => ({ word: name, what: run?.document?.name ?? '' }));
	}
	const labs = await findLiveLabs(runs);
	const asked = words[words.indexOf('--lab') + 1];
	return labs.filter(({ name }) => !words.includes('--lab') || name === asked).flatMap(({ name, nodes }) => nodes.map((word) => ({ word, what: name })));
}

/** The nodes of the plan that one of the words means, or of the bundled lab. */
async function ofPlan(words: readonly string[]): Promise<readonly Found[]> {
	for (const lab of [...words, ...bundledLabs()]) {
		const source = await Promise.resolve()
			.then(() => readPlanAlone(findPlan(lab)))
			.catch(() => undefined);
		if (source?.document) return source.document.nodes.map(({ name, role }) => ({ word: name, what: role ?? '' }));
	}
	return [];
}
