/** Which files a plan is made of. */
import path from 'node:path';
import type { PlanSource } from './types.js';

/** The plan's own file and every script file that it names, absolute, whether it is there or not. */
export function filesOf(source: Pick<PlanSource, 'path' | 'value'>): string[] {
	const named = scriptFilesIn(source.value).map((file) => path.resolve(path.dirname(source.path), file));
	return [...new Set([source.path, ...named])];
}

function scriptFilesIn(value: unknown): string[] {
	if (typeof value !== 'object' || value === null) return [];
	return Object.entries(value).flatMap(([key, inner]) =>
		(key === 'script_file' || key === 'scriptFile') && typeof inner === 'string' ? [inner] : scriptFilesIn(inner),
	);
}
