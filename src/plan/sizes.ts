/**
 * Sizes as people write them in plans.
 *
 * QEMU's `-m 4G` and OpenFactory's "4 GB" both mean 4 × 1024 MiB, so the decimal and the binary spelling of a unit
 * are the same size here. A bare number is MiB, as QEMU reads it.
 */

const MIB_PER_UNIT: Readonly<Record<string, number>> = { '': 1, m: 1, g: 1024, t: 1024 * 1024 };

/**
 * A size in MiB: `4096`, `"4096"`, `"4 GB"`, `"4G"`, `"4GiB"`, `"4Gi"`, `"512 MB"`, `"1.5 GB"`.
 * A part of a GB or TB is the nearest MiB: 1.2 GB is no whole number of them. `undefined` for what is no size, is not above
 * zero or is a part of a MiB.
 */
export function parseSize(size: string | number): number | undefined {
	// No two runs of blanks beside each other: a long one would be divided between them in every way.
	const match = /^(\d+(?:\.\d+)?)(?:\s*([mgt])(?:i?b|i)?)?$/i.exec(String(size).trim());
	if (!match) return undefined;
	const perUnit = MIB_PER_UNIT[(match[2] ?? '').toLowerCase()] ?? Number.NaN;
	const mebibytes = perUnit === 1 ? Number(match[1]) : Math.round(Number(match[1]) * perUnit);
	return Number.isSafeInteger(mebibytes) && mebibytes > 0 ? mebibytes : undefined;
}
