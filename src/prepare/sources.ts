import { allUpdates, probeUpdates, suitesOf, type FindSources } from '../image/archives.js';
import { findMirror } from '../image/mirror.js';
import type { Emit } from '../lab/events.js';

interface SourcesOptions {
	/** What is built of the packages, in the plural. */
	readonly built: string;
	readonly emit: Emit;
	readonly signal?: AbortSignal | undefined;
}

/**
 * Where packages come from: a mirror is asked once for each suite which updates it has, and only where something is built.
 * What it does not have, or does not give at the moment, is reported.
 * @param named base URI of the Debian archive; without it, that of the host's apt
 */
export function sourcesFrom(named: string | undefined, { built, emit, signal }: SourcesOptions): FindSources {
	const answers = new Map<string, ReturnType<FindSources>>();
	const ask: FindSources = async (suite) => {
		const mirror = await findMirror(named, signal);
		const updates = await probeUpdates(suite, mirror, signal);
		const missing = updates && allUpdates.filter((update) => !updates.includes(update));
		if (missing && missing.length > 0) {
			const names = suitesOf(suite, missing).slice(1).join(' and no ');
			emit({ type: 'notice', message: `the mirror gave no ${names}: ${built} are built without, and stay so until \`rehearse prune\`` });
		}
		return { ...mirror, updates };
	};
	return (suite) => {
		const answer = answers.get(suite) ?? ask(suite);
		answers.set(suite, answer);
		return answer;
	};
}
