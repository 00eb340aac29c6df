/** The plan's two spellings of a key: OpenFactory documents camelCase and writes snake_case. */

/** `baseImage` → `base_image`, `onVM` → `on_vm`; what is no camelCase identifier is returned as it is. */
export function toSnakeCase(key: string): string {
	if (!/^[a-z][a-zA-Z0-9]*$/.test(key)) return key;
	return key
		.replace(/([a-z0-9])([A-Z])/g, '$1_$2')
		.replace(/([A-Z])([A-Z][a-z])/g, '$1_$2')
		.toLowerCase();
}

/** `base_image` → `baseImage`; what is no snake_case identifier is returned as it is. */
export const toCamelCase = (key: string): string =>
	/^[a-z0-9_]+$/.test(key) ? key.replace(/(?<=[a-z0-9])_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase()) : key;

/** `Immich Server` → `immich-server`: as far as a DNS label can be made of a name; empty where none can. */
export const toLabel = (name: string): string =>
	name
		.slice(0, 1000)
		.toLowerCase()
		.replace(/[^a-z0-9]+/g, '-')
		.slice(0, 63)
		.replace(/^-+|-+$/g, '');

/** A path as people write it: `nodes[1].recipe.base_image`. */
export const formatPath = (path: readonly PropertyKey[]): string =>
	path.reduce<string>((text, segment) => {
		if (typeof segment === 'number') return `${text}[${segment}]`;
		return text === '' ? String(segment) : `${text}.${String(segment)}`;
	}, '');

/** The candidate closest to a misspelt word, when it is close enough to be meant. */
export function closest(word: string, candidates: readonly string[]): string | undefined {
	const limit = Math.max(1, Math.floor(word.length / 3));
	// Nobody's slip is longer, and a word of a megabyte would be compared for minutes.
	if (word.length > 100) return undefined;
	const ranked = candidates
		.filter((candidate) => Math.abs(candidate.length - word.length) <= limit)
		.map((candidate) => ({ candidate, distance: editDistance(word, candidate) }))
		.filter(({ distance }) => distance <= limit)
		.sort((a, b) => a.distance - b.distance);
	return ranked[0]?.candidate;
}

/** Levenshtein's distance, by rows; two neighbours in the wrong order are one slip (optimal string alignment). */
function editDistance(a: string, b: string): number {
	let beforePrevious: readonly number[] = [];
	let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
	for (let row = 1; row <= a.length; row++) {
		const current = [row];
		for (let column = 1; column <= b.length; column++) {
			const substitution = (previous[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1);
			const insertion = (current[column - 1] ?? 0) + 1;
			const deletion = (previous[column] ?? 0) + 1;
			const isSwapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
			const swap = isSwapped ? (beforePrevious[column - 2] ?? 0) + 1 : Infinity;
			current.push(Math.min(substitution, insertion, deletion, swap));
		}
		[beforePrevious, previous] = [previous, current];
	}
	return previous[b.length] ?? 0;
}
