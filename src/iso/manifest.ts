/** `dpkg-manifest`: the packages of a system, one a line: name, tab, version. */
import { usageFailure, type Failure } from '../base/errors.js';
import { oneLine, plural } from '../base/format.js';

/** Versions by package name. */
export type Manifest = ReadonlyMap<string, string>;

/** A package name (Debian Policy, section 5.6.7), perhaps with its architecture, and a version (5.6.12). */
const line = /^([a-z0-9][a-z0-9+.-]+)(?::[a-z0-9-]+)?[ \t]+([0-9][A-Za-z0-9.+:~-]*)$/;

/** Reads a manifest. @throws Failure `usage` naming the file and the first line that is none of a manifest */
export function parseManifest(text: string, file: string): Manifest {
	const manifest = new Map<string, string>();
	for (const [index, row] of text.split('\n').entries()) {
		if (row.trim() === '' || row.startsWith('#')) continue;
		const [, name, version] = line.exec(row.trimEnd()) ?? [];
		if (name === undefined || version === undefined) {
			throw usageFailure(`${file}:${index + 1}: expected a package and its version, got "${oneLine(row).slice(0, 80)}"`, {
				hint: 'give the dpkg-manifest that `rehearse iso` wrote',
			});
		}
		manifest.set(name, version);
	}
	if (manifest.size === 0) throw usageFailure(`${file} names no package`, { hint: 'give the dpkg-manifest that `rehearse iso` wrote' });
	return manifest;
}

/**
 * apt's preferences (apt_preferences(5)) by which each package has the version of the manifest, even where that is older
 * than what is installed already.
 */
export const pinPreferences = (manifest: Manifest): string =>
	[...manifest].map(([name, version]) => `Package: ${name}\nPin: version ${version}\nPin-Priority: 1001\n`).join('\n');

/** How many differences a message names. */
const namedDifferences = 10;

/** The failure of a pinned build that differs from its manifest; nothing where it does not differ. */
export function pinFailure(pinned: Manifest, installed: Manifest, nodes: string): Failure | undefined {
	const gone = [...pinned]
		.filter(([name, version]) => installed.get(name) !== version)
		.map(([name, version]) => {
			const other = installed.get(name);
			return `${name} ${version}: ${other === undefined ? 'no longer among the dependencies' : `the mirror has ${other} instead`}`;
		});
	const added = [...installed].filter(([name]) => !pinned.has(name)).map(([name, version]) => `${name} ${version}: not in the manifest`);
	const differences = [...gone, ...added];
	const [first] = differences;
	if (first === undefined) return undefined;
	const others = differences.length - 1;
	return usageFailure(`${nodes}: the manifest cannot be met: ${first}${others > 0 ? `, and ${plural(others, 'other')}` : ''}`, {
		hint: 'build without --pin, or from a mirror that still has these versions (--mirror)',
		detail: others > 0 ? differences.slice(0, namedDifferences).join('\n') : undefined,
	});
}
