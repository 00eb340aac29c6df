/** The packages of an image as a bill of materials: CycloneDX 1.6 in JSON (ECMA-424). */
import { sha256 } from '../base/hash.js';

/** A package as dpkg-query(1) lists it; images that older versions built know neither architecture nor source. */
export interface InstalledPackage {
	readonly name: string;
	readonly version: string;
	readonly architecture?: string;
	readonly source?: string;
	readonly sourceVersion?: string;
}

/** A line of an image's list of packages: columns with a tab or a blank between. */
export function parsePackage(line: string): InstalledPackage | undefined {
	const [fullName = '', version, architecture, source, sourceVersion] = line.trim().split(/[\t ]+/);
	// dpkg adds the architecture to names where several are installed.
	const name = fullName.replace(/:.*/, '');
	if (name === '' || version === undefined) return undefined;
	return {
		...{ name, version },
		...(architecture === undefined ? {} : { architecture }),
		...(source === undefined ? {} : { source }),
		...(sourceVersion === undefined ? {} : { sourceVersion }),
	};
}

/**
 * As the package-url specification has it; `+` and `~` of Debian's versions are written as they are in its examples.
 * @param suite Debian's, such as `trixie`
 */
export function packageUrl({ name, version, architecture }: InstalledPackage, suite: string): string {
	const encoded = (text: string): string => encodeURIComponent(text).replaceAll('%3A', ':');
	const qualifiers = [...(architecture === undefined ? [] : [`arch=${encoded(architecture)}`]), `distro=${encoded(suite)}`];
	return `pkg:deb/debian/${encoded(name)}@${encoded(version)}?${qualifiers.join('&')}`;
}

export interface SbomInput {
	/** Key of the image. */
	readonly image: string;
	/** Debian's suite that it was made of, such as `trixie`. */
	readonly suite: string;
	/** Names of the nodes that boot it. */
	readonly nodes: readonly string[];
	readonly packages: readonly InstalledPackage[];
	/** ISO 8601. */
	readonly madeAt: string;
	/** Version of this tool. */
	readonly tool: string;
}

/** The document, ending in a newline. Its serial number follows from what it lists. */
export function sbomJson({ image, suite, nodes, packages, madeAt, tool }: SbomInput): string {
	const components = packages.map((entry) => ({
		'type': 'library',
		'bom-ref': packageUrl(entry, suite),
		'name': entry.name,
		'version': entry.version,
		'purl': packageUrl(entry, suite),
		...(entry.source === undefined
			? {}
			: {
					properties: [
						{ name: 'debian:source', value: entry.source },
						...(entry.sourceVersion === undefined ? [] : [{ name: 'debian:source-version', value: entry.sourceVersion }]),
					],
				}),
	}));
	const document = {
		$schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
		bomFormat: 'CycloneDX',
		specVersion: '1.6',
		serialNumber: `urn:uuid:${uuidOf(sha256(JSON.stringify([image, madeAt, components])))}`,
		version: 1,
		metadata: {
			timestamp: madeAt,
			tools: { components: [{ type: 'application', name: 'rehearse', version: tool }] },
			component: {
				'type': 'operating-system',
				'bom-ref': `image:${image}`,
				'name': `image ${image} of ${nodes.join(', ')}`,
				'version': `debian-${suite}`,
			},
		},
		components,
	};
	return `${JSON.stringify(document, undefined, '\t')}\n`;
}

/** The first half of a digest with the marks of a UUID of version 8, whose bits are the maker's own (RFC 9562). */
function uuidOf(hash: string): string {
	const variant = ((parseInt(hash[16] ?? '0', 16) & 0x3) | 0x8).toString(16);
	return [hash.slice(0, 8), hash.slice(8, 12), `8${hash.slice(13, 16)}`, `${variant}${hash.slice(17, 20)}`, hash.slice(20, 32)].join('-');
}
