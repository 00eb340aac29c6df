/** The warnings that a compact lab must carry. */
import type { CheckContext } from './context.js';

interface Topic {
	/** As the fix names it. */
	readonly name: string;
	/** All of these are found in one warning that is about the topic. */
	readonly mentions: readonly RegExp[];
}

/** What the compact-lab prompt leaves to deployment time. */
const topics: readonly Topic[] = [
	{ name: 'the real Immich server binaries', mentions: [/immich/i, /server|binar/i] },
	{ name: 'ML model weights (CLIP and face recognition)', mentions: [/weights|models?\b/i, /clip/i, /face|facial/i] },
	{ name: 'installing pgvector / the vectors extension', mentions: [/pgvector|\bvectors?\b/i] },
	{ name: 'mobile-app auth tokens', mentions: [/mobile/i, /token/i] },
	{ name: 'S3 / object-storage backends', mentions: [/\bs3\b|object[- ]stor/i] },
	{ name: 'library import scheduling', mentions: [/import/i, /schedul/i] },
	{ name: 'thumbnail generation', mentions: [/thumbnail/i] },
	{ name: 'library backup', mentions: [/back(?:ing )?-?ups?\b/i] },
];

/** The plan's list of what is left to deployment time. */
export function checkWarnings(context: CheckContext): void {
	const { warnings, nodes } = context.document;
	const subnetStart = nodes[0]?.alias.match(/^\d+\.\d+\.\d+\./)?.[0];
	for (const { name, mentions } of topics) {
		if (warnings.some((warning) => mentions.every((pattern) => pattern.test(warning)))) continue;
		report(context, name);
	}
	const isAboutAliasing = (warning: string): boolean =>
		/alias/i.test(warning) || (subnetStart !== undefined && warning.includes(subnetStart));
	if (!warnings.some(isAboutAliasing)) report(context, 'the aliasing of the lab addresses');
}

function report(context: CheckContext, topic: string): void {
	const fix = `add a warning that ${topic} is left to deployment time`;
	context.report('warnings-missing', ['warnings'], `no warning mentions ${topic}`, fix);
}
