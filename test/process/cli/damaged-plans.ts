/** Plans that were good, and are damaged as chance has it. */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Random } from '../../kills/random.js';
import { plans } from './rehearse.js';

/** The files of a lab by their paths in its directory; the first is the plan. */
export type LabFiles = ReadonlyMap<string, string>;

/** What is put in the place of something else: what parsers and terminals trip over. */
const pieces = [
	...['\x00', '\x1b[31m', '\u202e', '\x9b', '\r', '\t', '\ufeff', '\ud800', '\u2028::error::x', '\n::error file=a::b\n', '##[error]'],
	...['{', '}', '[', ']', '"', ':', '- ', '&a ', '*a', '!!js ', '<<: ', '|', '>', '#', '%YAML 9', '---\n'],
	...['$(', '`', "'", '<<EOF\n', '((', '${', '\\', '&&', ';;', 'case ', '\n}\n'],
	...['null', 'true', '-1', '1e999', '0x', '2PiB', '99999999999999999999', '10.71.0.300/99', '../../../etc/passwd', '__proto__', 'constructor', '/dev'],
] as const;

/** Plans in each dialect, and labs of which some scripts are files. */
export async function goodLabs(): Promise<readonly LabFiles[]> {
	const good = path.join(plans, 'good');
	const alone = (await readdir(good)).sort().map((name) => readLab(good, [name]));
	const directories = ['test/labs/pair', 'test/labs/replica', 'cloud-init/labs/immich-photo-vault'].map(async (directory) => {
		const files = await readdir(directory, { recursive: true });
		const [plan = '', ...others] = files.sort((a, b) => Number(b.startsWith('plan.')) - Number(a.startsWith('plan.')) || (a < b ? -1 : 1));
		return readLab(directory, [plan, ...others.filter((file) => file.endsWith('.sh'))]);
	});
	return Promise.all([...alone, ...directories]);
}

const readLab = async (directory: string, files: readonly string[]): Promise<LabFiles> =>
	new Map(await Promise.all(files.map(async (file) => [file, await readFile(path.join(directory, file), 'utf8')] as const)));

/** A lab with one to four damages: to its plan in most cases, to one of its scripts in the others. */
export function damage(lab: LabFiles, random: Random): LabFiles {
	const damaged = new Map(lab);
	for (let blows = 1 + Math.floor(random.next() * 4); blows > 0; blows--) {
		const names = [...damaged.keys()];
		const name = random.next() < 0.75 ? (names[0] ?? '') : random.pick(names);
		damaged.set(name, damagedText(damaged.get(name) ?? '', random));
	}
	return damaged;
}

function damagedText(text: string, random: Random): string {
	const at = () => Math.floor(random.next() * text.length);
	const lines = text.split('\n');
	const line = Math.floor(random.next() * lines.length);
	switch (random.pick(['cut', 'insert', 'replace', 'drop line', 'repeat line', 'swap lines', 'indent', 'end'] as const)) {
		case 'cut': {
			const from = at();
			return text.slice(0, from) + text.slice(from + Math.ceil(random.next() * 40));
		}
		case 'insert': {
			const from = at();
			return text.slice(0, from) + random.pick(pieces) + text.slice(from);
		}
		case 'replace': {
			const words = [...text.matchAll(/[\w./-]+/g)];
			const word = words.length > 0 ? random.pick(words) : undefined;
			return word ? text.slice(0, word.index) + random.pick(pieces) + text.slice(word.index + word[0].length) : text;
		}
		case 'drop line':
			return lines.toSpliced(line, 1).join('\n');
		case 'repeat line':
			return lines.toSpliced(line, 0, lines[line] ?? '').join('\n');
		case 'swap lines':
			return lines.toSpliced(line, 1).toSpliced(Math.floor(random.next() * lines.length), 0, lines[line] ?? '').join('\n');
		case 'indent':
			return lines.toSpliced(line, 1, ` ${lines[line] ?? ''}`).join('\n');
		case 'end':
			return text.slice(0, at());
	}
}
