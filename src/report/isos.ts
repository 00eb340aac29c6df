/** What `iso` prints: a table for people, one object for programs. */
import { formatBytes } from '../base/format.js';
import { quote } from '../base/shell.js';
import type { WrittenIso } from '../iso/write.js';
import { layOutColumns, painter, type Cell } from './text.js';

/** A row for each ISO, and how one is booted by hand; ends with a newline. */
export function renderIsos(isos: readonly WrittenIso[], options: { readonly color: boolean }): string {
	const rows = isos.map(({ node, file, bytes, sha256 }): Cell[] => [
		{ text: node },
		{ text: file },
		{ text: formatBytes(bytes) },
		{ text: `SHA-256 ${sha256.slice(0, 16)}…`, style: 'dim' },
	]);
	const [first] = isos;
	return [
		...layOutColumns(rows, painter(options.color)),
		...(first ? ['', `To boot one by hand: qemu-system-x86_64 -m 2G -nographic -nic user,model=virtio -cdrom ${quote(first.file)}`] : []),
		'',
	].join('\n');
}

/** The same for programs. */
export const isosObject = (lab: string, isos: readonly WrittenIso[]) => ({
	schema: 1,
	lab,
	isos: isos.map(({ node, file, bytes, sha256, recipeHash }) => ({ node, file, bytes, sha256, recipe_hash: recipeHash })),
});
