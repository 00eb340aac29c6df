/** Reading a plan and the script files beside it. Nothing is judged here but the shape. */
import { isUtf8 } from 'node:buffer';
import { dirname, resolve } from 'node:path';
import { scriptOf } from '../lab/script-bytes.js';
import { reasonOf, usageFailure } from '../base/errors.js';
import { canonicalJson, sha256 } from '../base/hash.js';
import { formatBytes, oneLine } from '../base/format.js';
import { maximumScriptBytes, readPlanBytes, readScriptFile, tooLarge } from './files.js';
import type { DeclaredPassword } from '../base/secrets.js';
import { validatePlan } from './problems.js';
import type { PlanDocument, StartupScriptDocument } from './schema.js';
import { parsePlanTree, type PlanTree } from './tree.js';
import type { PlanPath, PlanSource, Problem, SourceScript } from './types.js';

/** What some editors begin a UTF-8 file with. It means nothing. */
const byteOrderMark = /^\ufeff/;

/**
 * Reads the plan at `path` (JSON or YAML) and every script file that it names. What is wrong with its shape, and
 * script files that cannot be read, are `problems`; a plan that cannot be read or parsed is a `Failure` (usage).
 */
export const readPlan = (path: string): Promise<PlanSource> => read(path, { withScripts: true });

/** Reads a plan without the script files that it names: whoever wrote it may have named anything on this host. */
export const readPlanAlone = (path: string): Promise<PlanSource> => read(path, { withScripts: false });

/** The same of a copy that may be a stranger's: a regular file in or below `directory`, wherever links lead. */
export const readCopiedPlan = (path: string, directory: string): Promise<PlanSource> => read(path, { withScripts: false, within: directory });

async function read(path: string, { withScripts, within }: { readonly withScripts: boolean; readonly within?: string }): Promise<PlanSource> {
	const absolute = resolve(path);
	const bytes = await readPlanBytes(absolute, within).catch((error: unknown) => {
		throw usageFailure(`cannot read the plan ${path}: ${reasonOf(error)}`, { cause: error });
	});
	const text = textOf(bytes, path);
	const tree = parsePlanTree(text.replace(byteOrderMark, ''), path);
	const { document, problems } = validatePlan(tree);
	const { scripts, missing } = document && withScripts
		? await readScripts(document, tree, dirname(absolute))
		: { scripts: [], missing: [] };
	return {
		path: absolute,
		bytes,
		text,
		value: tree.value,
		...(document ? { document } : {}),
		problems: [...problems, ...missing],
		scripts,
		sha256: sha256(canonicalJson([text, ...scripts.map(({ text: own, bytes }) => bytes ?? own)])),
		locate: (inner) => tree.locate(inner),
	};
}

/**
 * The text of a plan. Bytes that are no UTF-8 would become other characters, and a password another one.
 * @throws Failure `usage` with the line of the first of them
 */
function textOf(bytes: Buffer, path: string): string {
	if (isUtf8(bytes) && !bytes.includes(0)) return bytes.toString('utf8');
	const hint = 'save it as UTF-8';
	if (bytes.includes(0) && bytes.length % 2 === 0 && isSparse(bytes)) throw usageFailure(`${path}: the plan is UTF-16`, { hint });
	let line = 1;
	let start = 0;
	for (let end = bytes.indexOf(10); end !== -1 && isText(bytes.subarray(start, end)); end = bytes.indexOf(10, start)) {
		line++;
		start = end + 1;
	}
	throw usageFailure(`${path}:${line}: ${isUtf8(bytes) ? 'there is a null byte' : 'there is a character that is no UTF-8'}`, { hint });
}

const isText = (bytes: Buffer): boolean => isUtf8(bytes) && !bytes.includes(0);

/** Whether every second byte at the beginning is null, as in UTF-16 of letters, behind its mark. */
function isSparse(bytes: Buffer): boolean {
	const head = bytes.subarray(/^(?:fffe|feff)/.test(bytes.toString('hex', 0, 2)) ? 2 : 0).subarray(0, 64);
	return [0, 1].some((offset) => head.every((byte, index) => (index % 2 === offset) === (byte === 0)));
}

/** How much of scripts is read of one plan, and after how many that cannot be read no other is tried. */
export const maximumScriptsBytes = 2 * 1024 * 1024;
const maximumMissing = 100;

/** A script's entry in the document, with its place. */
interface ScriptEntry {
	readonly nodeIndex: number;
	readonly scriptIndex: number;
	readonly path: PlanPath;
	readonly entry: StartupScriptDocument;
}

/** The entries of all startup scripts in the order in which they run. */
export const startupScriptEntries = (document: PlanDocument): ScriptEntry[] =>
	document.nodes.flatMap(({ recipe }, nodeIndex) =>
		recipe.startup_scripts.map((entry, scriptIndex) => ({
			nodeIndex,
			scriptIndex,
			path: ['nodes', nodeIndex, 'recipe', 'startup_scripts', scriptIndex],
			entry,
		})),
	);

async function readScripts(
	document: PlanDocument,
	tree: PlanTree,
	directory: string,
): Promise<{ scripts: SourceScript[]; missing: Problem[] }> {
	const scripts: SourceScript[] = [];
	const missing: Problem[] = [];
	let left = maximumScriptsBytes;
	for (const { entry, ...place } of startupScriptEntries(document)) {
		const { name, script, script_file: scriptFile } = entry;
		if (left < 0 || missing.length >= maximumMissing) {
			const [message, fix] = left < 0 ? [`the startup scripts have more than ${formatBytes(maximumScriptsBytes)} together`, 'make them shorter'] : ['further scripts are not read', 'correct those above and check again'];
			missing.push({ code: 'script-file', ...tree.locate(place.path), message, fix });
			break;
		}
		if (scriptFile === undefined) {
			const lineOffset = tree.lineOffset([...place.path, 'script']);
			const { length } = script ?? '';
			left -= length;
			if (length > maximumScriptBytes) {
				missing.push({ code: 'script-file', ...tree.locate([...place.path, 'script']), message: tooLarge('a startup script', maximumScriptBytes), fix: 'make it shorter' });
				continue;
			}
			scripts.push({ ...place, name, text: script ?? '', ...(lineOffset === undefined ? {} : { lineOffset }), ...(tree.isFolded([...place.path, 'script']) ? { isFolded: true } : {}) });
			continue;
		}
		const file = resolve(directory, scriptFile);
		try {
			const content = await readScriptFile(file, directory);
			left -= content.length;
			scripts.push({ ...place, name, ...scriptOf(content), file, lineOffset: 0 });
		} catch (error) {
			missing.push({
				code: 'script-file',
				...tree.locate([...place.path, 'script_file']),
				message: oneLine(`cannot read ${scriptFile.slice(0, 1000)}: ${reasonOf(error)}`),
				fix: oneLine(`write the script to a file in ${directory}, and its path relative to that`),
			});
		}
	}
	return { scripts, missing };
}

/** The passwords that a plan declares. */
export const passwordsIn = ({ nodes }: PlanDocument): readonly DeclaredPassword[] =>
	nodes.flatMap(({ recipe }) => recipe.users.flatMap(({ username: user, password }) => (password ? [{ user, password }] : [])));
