/** What a host needs for ISOs alone. No command requires it before an ISO is wanted. */
import { hostFailure } from '../base/errors.js';
import { isoFiles, isoPrograms, ovmfFile } from '../base/programs.js';
import type { CheckedRequirement } from '../base/requirement.js';
import { thisHost, type Host } from './host.js';

/** The programs and files of ISOs that the host lacks, with the packages that bring them. */
async function findMissing(host: Host): Promise<readonly { readonly name: string; readonly package: string }[]> {
	const programs = isoPrograms().map(async ({ program, package: from }) =>
		(await host.findProgram(program)) === undefined ? [{ name: program, package: from }] : [],
	);
	const files = isoFiles.map(async ({ file, package: from }) => ((await host.exists(file)) ? [] : [{ name: file, package: from }]));
	return (await Promise.all([...programs, ...files])).flat();
}

const setUpIso = (host: Host): string => host.setUp.replace(/ system$/, ' iso');

/**
 * Whether this host can build ISOs, for `doctor`. Only where somebody wants them (`isWanted`) does their absence count
 * as something missing.
 */
export async function checkIsoRequirement(host: Host, isWanted: boolean): Promise<CheckedRequirement> {
	const missing = await findMissing(host);
	const about = { id: 'iso', title: 'ISO tools', needed: 'for `rehearse iso` and `run --from-iso` only' };
	if (missing.length === 0) return { ...about, status: 'ok', found: 'present' };
	const found = `not installed: ${[...new Set(missing.map(({ package: from }) => from))].join(', ')}`;
	return isWanted ? { ...about, status: 'missing', found, fix: setUpIso(host) } : { ...about, status: 'ok', found: `${found}; not needed yet` };
}

/**
 * Checks this host before ISOs are made.
 * @param isBooted whether they are booted under UEFI as well
 * @throws Failure `missing-iso-tools` (exit 3) naming what this host lacks
 */
export async function requiredForIso({ isBooted = false } = {}, host: Host = thisHost()): Promise<void> {
	const missing = (await findMissing(host)).filter(({ name }) => isBooted || name !== ovmfFile);
	if (missing.length === 0) return;
	throw hostFailure('missing-iso-tools', `${missing.map(({ name }) => name).join(', ')}: not found on this host`, {
		hint: setUpIso(host),
		detail: missing.map(({ name, package: from }) => `${name} is in the package ${from}`).join('\n'),
	});
}
