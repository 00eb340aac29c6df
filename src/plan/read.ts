/** Reading a plan and the script files beside it. Nothing is judged here but the shape. */
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { usageFailure } from '../base/errors.js';
import { canonicalJson, sha256 } from '../base/hash.js';
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

async function read(path: string, { withScripts }: { readonly withScripts: boolean }): Promise<PlanSource> {
	const absolute = resolve(path);
	const text = await readFile(absolute, 'utf8').catch((error: unknown) => {
		throw usageFailure(`cannot read the plan ${path}: ${reasonOf(error)}`, { cause: error });
	});
	const tree = parsePlanTree(text.replace(byteOrderMark, ''), path);
	const { document, problems } = validatePlan(tree);
	const { scripts, missing } = document && withScripts
		? await readScripts(document, tree, dirname(absolute))
		: { scripts: [], missing: [] };
	return {
		path: absolute,
		text,
		value: tree.value,
		...(document ? { document } : {}),
		problems: [...problems, ...missing],
		scripts,
		sha256: sha256(canonicalJson([text, ...scripts.map((script) => script.text)])),
		locate: (inner) => tree.locate(inner),
	};
}

/** A script's entry in the document, with its place. */
interface ScriptEntry {
	readonly nodeIndex: number;
	readonly scriptIndex: number;
	readonly path: PlanPath;
	readonly entry: StartupScriptDocument;
}

/** The entries of all startup scripts in the order in which they run: those under `os` before the recipe's own. */
export const startupScriptEntries = (document: PlanDocument): ScriptEntry[] =>
	document.nodes.flatMap(({ recipe }, nodeIndex) => {
		const recipePath = ['nodes', nodeIndex, 'recipe'];
		return [
			...(recipe.os?.startup_scripts ?? []).map((entry, index) => ({
				path: [...recipePath, 'os', 'startup_scripts', index],
				entry,
			})),
			...recipe.startup_scripts.map((entry, index) => ({ path: [...recipePath, 'startup_scripts', index], entry })),
		].map((found, scriptIndex) => ({ nodeIndex, scriptIndex, ...found }));
	});

async function readScripts(
	document: PlanDocument,
	tree: PlanTree,
	directory: string,
): Promise<{ scripts: SourceScript[]; missing: Problem[] }> {
	const scripts: SourceScript[] = [];
	const missing: Problem[] = [];
	for (const { entry, ...place } of startupScriptEntries(document)) {
		const { name, script, script_file: scriptFile } = entry;
		if (scriptFile === undefined) {
			const lineOffset = tree.lineOffset([...place.path, 'script']);
			scripts.push({ ...place, name, text: script ?? '', ...(lineOffset === undefined ? {} : { lineOffset }) });
			continue;
		}
		const file = resolve(directory, scriptFile);
		try {
			scripts.push({ ...place, name, text: await readFile(file, 'utf8'), file, lineOffset: 0 });
		} catch (error) {
			missing.push({
				code: 'script-file',
				...tree.locate([...place.path, 'script_file']),
				message: `cannot read ${scriptFile}: ${reasonOf(error)}`,
				fix: `write the script to ${file}, or fix the path (it is relative to the plan)`,
			});
		}
	}
	return { scripts, missing };
}

function reasonOf(error: unknown): string {
	const code = (error as NodeJS.ErrnoException).code;
	if (code === 'ENOENT') return 'no such file';
	if (code === 'EISDIR') return 'it is a directory';
	if (code === 'EACCES') return 'permission denied';
	return error instanceof Error ? error.message : String(error);
}

/** The passwords that a plan declares. */
export const passwordsIn = ({ nodes }: PlanDocument): readonly DeclaredPassword[] =>
	nodes.flatMap(({ recipe }) => recipe.users.flatMap(({ username: user, password }) => (password ? [{ user, password }] : [])));
