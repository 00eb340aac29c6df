/** What `bundle` and `open` print: lines for people, one object for programs. */
import path from 'node:path';
import { formatBytes, oneLine, plural } from '../base/format.js';
import { washed, washedText } from '../base/wash.js';
import type { BundleManifest, HeldSecrets } from '../bundle/manifest.js';
import type { ReportedError } from '../lab/events.js';
import type { RunResult } from '../outcome/result.js';
import { indented, layOutColumns, painter, type Paint } from './text.js';

/** A bundle that was written. */
export interface WrittenBundle {
	/** Absolute. */
	readonly file: string;
	readonly bytes: number;
	readonly manifest: BundleManifest;
}

/** A bundle that was imported by `rehearse open`. */
export interface ImportedBundle {
	/** Where its files are now. */
	readonly directory: string;
	readonly manifest: BundleManifest;
	/** The plan among them, when there is one. */
	readonly plan: string | undefined;
}

/** What became of the lab of a bundle. */
export interface ImportedLabResult {
	readonly up: boolean;
	readonly name?: string;
	readonly error?: ReportedError;
}

/** What was written and what is secret in it; ends with a newline. */
export function renderBundle({ file, bytes, manifest }: WrittenBundle, { color }: { readonly color: boolean }): string {
	const { lab, run, verdict, files, redacted, secrets, machines } = manifest;
	const paint = painter(color);
	const head = `${file}  ${formatBytes(bytes)}`;
	const what = `${plural(files.length, 'file')} of ${run}: ${lab} ${verdict}`;
	const held = redacted
		? ["passwords of the plan, hashed passwords and private keys were left out; what else is secret only you know"]
		: secretLines(secrets, machines !== undefined, paint);
	return [paint('bold', head), ...indented([what, ...machineLines(machines), ...held], 2), ''].join('\n');
}

/** Which machines a bundle brings. */
function machineLines(machines: BundleManifest['machines']): string[] {
	if (!machines) return [];
	const { nodes, absent } = machines;
	return [
		`the machines themselves: ${nodes.map(oneLine).join(', ')}`,
		...(absent.length > 0 ? [`without ${absent.map(oneLine).join(', ')}, which did not run any more`] : []),
	];
}

function secretLines(secrets: readonly HeldSecrets[], hasMachines: boolean, paint: Paint): string[] {
	if (secrets.length === 0) return [];
	return [
		hasMachines ? 'holds secrets, as machines cannot be freed of them:' : 'holds secrets; --redact leaves them out:',
		...indented(layOutColumns(secrets.map(({ path: file, holds }) => [{ text: oneLine(file) }, { text: oneLine(holds.join(', ')), style: 'dim' as const }]), paint), 2),
	];
}

/** Where the files of a bundle are now; ends with a newline. */
export function renderImported({ directory, manifest, plan }: ImportedBundle, { color }: { readonly color: boolean }): string {
	const paint = painter(color);
	const has = (place: string) => manifest.files.some(({ path: file }) => file === place || file.startsWith(`${place}/`));
	const places: readonly (readonly [what: string, place: string | undefined])[] = [
		['directory', directory],
		['plan', plan && washedText(path.relative(directory, plan))],
		...['seeds', 'consoles', 'journals', 'events.ndjson', 'machines.json'].map(
			(place) => [place.replace(/\..*/, ''), has(place) ? place : undefined] as const,
		),
	];
	const rows = places.flatMap(([what, place]) => (place === undefined ? [] : [[{ text: what, style: 'dim' as const }, { text: oneLine(place) }]]));
	const origin = `rehearsed elsewhere with rehearse ${oneLine(manifest.tool)}, bundled ${oneLine(manifest.made_at)}`;
	const redacted = manifest.redacted ? ', its passwords and keys left out' : '';
	return [paint('bold', 'Files'), ...indented([`${origin}${redacted}`, ...machineLines(manifest.machines), ...layOutColumns(rows, paint)], 2), ''].join('\n');
}

const json = (value: object): string => `${JSON.stringify(value, undefined, '\t')}\n`;

/** The same for programs. */
export const bundleObject = ({ file, bytes, manifest }: WrittenBundle): string => json({ schema: 1, bundle: file, bytes, manifest });

/** The same for programs, with the result of the run. */
export const importedObject = ({ directory, manifest, plan }: ImportedBundle, result: RunResult, lab?: ImportedLabResult): string =>
	// A run that was opened before may have files of any names.
	json(washed({ schema: 1, directory, plan: plan ?? null, manifest, result, ...(lab ? { lab } : {}) }));
