/** What an export is made of: the names of its files, and what may be one. */

/** The names of files that every export has, or may have. */
export const names = {
	/** What OpenFactory takes. A plan in YAML keeps the ending of its own. */
	plan: (source: string): string => `build-plan${/\.ya?ml$/.exec(source)?.[0] ?? '.json'}`,
	events: 'events.ndjson',
	result: 'result.json',
	page: 'report.html',
	junit: 'report.junit.xml',
	machines: 'machines.json',
	statement: 'test-result.intoto.json',
	envelope: 'test-result.dsse.json',
	packages: (image: string): string => `packages/${image}.txt`,
	sbom: (image: string): string => `sbom/${image}.cdx.json`,
	sums: 'SHA256SUMS',
	sumsSignature: 'SHA256SUMS.sig',
} as const;

/** A file of an export. */
export interface ExportedFile {
	/** Relative, with `/`. */
	readonly path: string;
	readonly contents: Uint8Array;
}

/** Who signs, and what that means (21 CFR 11.50). */
export interface Signature {
	readonly signer: string;
	readonly meaning: string;
	/** ISO 8601. */
	readonly signedAt: string;
}

/** Whether a path, which may be anything, stays below the directory that it is relative to. */
export const staysWithin = (file: string): boolean =>
	file !== '' && !file.startsWith('/') && !file.includes('\\') && file.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
