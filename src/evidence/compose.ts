/** The files of an export, made of a run and of the plan that it rehearsed. */
import path from 'node:path';
import { sha256 } from '../base/hash.js';
import { toolVersion } from '../base/package-root.js';
import { contentOf } from '../lab/script-bytes.js';
import { resultJson, resultOf } from '../outcome/result.js';
import type { RunState } from '../outcome/state.js';
import { suiteOf } from '../plan/base-images.js';
import { recipeHash, recipesOf } from '../plan/recipe-hash.js';
import type { PlanSource } from '../plan/types.js';
import { isoSubjects } from './isos.js';
import { names, type ExportedFile, type Signature } from './layout.js';
import { parsePackage, sbomJson } from './sbom.js';
import { signatureDescriptor, statementOn, type Descriptor, type Subject } from './statement.js';

/** The record of a run's machines in its directory (`machines.json`), as far as it is needed. */
export interface MachinesRecord {
	readonly versions?: Readonly<Record<string, string>>;
	readonly machines?: readonly { readonly node: string; readonly image: string | null }[];
	/** Records of older versions have no suite (see {@link suiteOfImage}). */
	readonly images?: readonly { readonly key: string; readonly suite?: string; readonly packages: readonly string[] }[];
}

export interface ExportInput {
	readonly state: RunState;
	readonly plan: PlanSource;
	/** The event log, the page and the JUnit report, by the names that they have in the export. */
	readonly reports: readonly ExportedFile[];
	/** The text of `machines.json`. */
	readonly machines: string;
	/** What lies beside the ISOs of the lab, by the names that it has in the export. */
	readonly isos: readonly ExportedFile[];
	readonly signature?: Signature;
}

export interface Composed {
	/** All but the sums and the envelope. */
	readonly files: readonly ExportedFile[];
	/** The bytes of the statement, for its envelope. */
	readonly statement: Uint8Array;
}

const textFile = (file: string, text: string): ExportedFile => ({ path: file, contents: Buffer.from(text) });

/** The scripts that a plan names, as files beside it. */
export function scriptFiles({ path: planPath, scripts }: PlanSource): readonly ExportedFile[] {
	const files = new Map<string, ExportedFile>();
	for (const script of scripts) {
		const { file } = script;
		if (file === undefined) continue;
		const relative = path.relative(path.dirname(planPath), file);
		files.set(relative, { path: relative, contents: Buffer.from(contentOf(script)) });
	}
	return [...files.values()];
}

/**
 * Debian's suite of an image whose record has none, as that of an older version: by the base image that the plan has for
 * the nodes that boot it; trixie, which was that of all images once, where the plan has none for them.
 */
export const suiteOfImage = (nodes: readonly string[], { document }: Pick<PlanSource, 'document'>): string =>
	suiteOf(document?.nodes.find(({ name }) => nodes.includes(name))?.recipe.base_image ?? '') ?? 'trixie';

/** Everything that is exported, the statement last. */
export function composeExport(input: ExportInput): Composed {
	const { state, plan, reports, machines, isos } = input;
	const record = JSON.parse(machines) as MachinesRecord;
	const madeAt = new Date(state.startedAt ?? 0).toISOString();
	const images = (record.images ?? []).flatMap(({ key, suite, packages }) => {
		const nodes = (record.machines ?? []).filter(({ image }) => image === key).map(({ node }) => node);
		const installed = packages.flatMap((line) => parsePackage(line) ?? []);
		return [
			textFile(names.packages(key), packages.map((line) => `${line}\n`).join('')),
			textFile(names.sbom(key), sbomJson({ image: key, suite: suite ?? suiteOfImage(nodes, plan), nodes, packages: installed, madeAt, tool: toolVersion() })),
		];
	});
	const planFile: ExportedFile = { path: names.plan(plan.path), contents: plan.bytes };
	const scripts = scriptFiles(plan);
	const evidence = [textFile(names.result, resultJson(resultOf(state))), textFile(names.machines, machines), ...reports, ...images, ...isos];
	const statement = statementOn(state, subjectsOf(plan, planFile, scripts, isos), configurationOf(input, record, evidence));
	const contents = Buffer.from(`${JSON.stringify(statement, undefined, '\t')}\n`);
	return { files: [planFile, ...scripts, ...evidence, { path: names.statement, contents }], statement: contents };
}

/** The plan, each recipe in its canonical form, each script, and each ISO of which there are files. */
export function subjectsOf({ value, document, scripts }: PlanSource, plan: ExportedFile, files: readonly ExportedFile[], isos: readonly ExportedFile[]): readonly Subject[] {
	const inline = scripts.filter(({ file }) => file === undefined);
	return [
		{ name: plan.path, digest: { sha256: sha256(plan.contents) } },
		...recipesOf(value).map((recipe, index) => ({ name: `recipe:${document?.nodes[index]?.name ?? index}`, digest: { sha256: recipeHash(recipe) } })),
		...files.map(({ path: name, contents }) => ({ name, digest: { sha256: sha256(contents) } })),
		...inline.map(({ nodeIndex, name, text }) => ({ name: `script:${document?.nodes[nodeIndex]?.name ?? nodeIndex}/${name}`, digest: { sha256: sha256(text) } })),
		...isoSubjects(isos),
	];
}

function configurationOf({ state, signature }: ExportInput, { versions = {} }: MachinesRecord, evidence: readonly ExportedFile[]): readonly Descriptor[] {
	const annotations = {
		...versions,
		...(state.accelerator ? { accelerator: state.accelerator.name } : {}),
		plan_sha256: state.planSha256,
		started: new Date(state.startedAt ?? 0).toISOString(),
	};
	return [
		...evidence.map(({ path: name, contents }) => ({
			name,
			digest: { sha256: sha256(contents) },
			...(name === names.machines ? { annotations } : {}),
		})),
		...(signature ? [signatureDescriptor(signature)] : []),
	];
}
