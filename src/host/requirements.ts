/**
 * What this host must have for a rehearsal, as a table of probes. `doctor` takes all of it; `run` the part that is
 * cheap and that keeps it from starting.
 */
import { brokenFailure, hostFailure, toFailure } from '../base/errors.js';
import { formatBytes, formatMs } from '../base/format.js';
import { patiently } from '../base/patience.js';
import { packageOf } from '../base/programs.js';
import { isBlocking, type CheckedRequirement, type ProbeResult } from '../base/requirement.js';
import { withDeadline } from '../base/waiting.js';
import { thisHost, type Host } from './host.js';
import {
	probeAppArmor,
	probeIdMapping,
	probeMemoryAccess,
	probeSubordinateIds,
	probeTun,
	probeUserNamespaces,
} from './kernel.js';
import { probeKvm, type ProveKvm } from './kvm.js';
import { diskNeeded, judgeBytes, memoryNeeded, subordinateIdsNeeded } from './judge.js';
import { nodeNeeded, probeNode, probeProgram, probeQemu, programRequirements, qemuNeeded, slowToAnswer } from './programs.js';

export interface RequirementContext {
	readonly host: Host;
	/** Where images are kept; it need not exist yet. */
	readonly cacheDirectory: string;
	readonly proveKvm?: ProveKvm | undefined;
}

interface Requirement {
	readonly id: string;
	readonly title: string;
	readonly needed: string;
	probe(context: RequirementContext): Promise<ProbeResult> | ProbeResult;
	/** Whether the probe keeps its own time. */
	readonly unbounded?: true;
}

const keyrings = ['gpg', 'pgp'].map((suffix) => `/usr/share/keyrings/debian-archive-keyring.${suffix}`);

async function probeKeyring(host: Host): Promise<ProbeResult> {
	for (const file of keyrings) {
		if (await host.exists(file)) return { status: 'ok', found: file };
	}
	return { status: 'missing', found: 'not found', fix: host.setUp };
}

async function probeDisk({ host, cacheDirectory }: RequirementContext): Promise<ProbeResult> {
	const fix = 'free some space, or move the cache: XDG_CACHE_HOME=/elsewhere';
	const free = await host.freeDisk(cacheDirectory);
	if (free === undefined) return { status: 'missing', found: `${cacheDirectory} cannot be written to`, fix: 'XDG_CACHE_HOME=/elsewhere' };
	return judgeBytes(free, diskNeeded, `free for ${cacheDirectory}`, fix);
}

const needed = ({ comfortable }: { readonly comfortable: number }, what: string): string =>
	`${formatBytes(comfortable)} ${what}`;

const requirements: readonly Requirement[] = [
	{ id: 'node', title: 'Node.js', needed: `${nodeNeeded} or newer`, probe: ({ host }) => probeNode(host) },
	{ id: 'qemu', title: 'QEMU', needed: `${qemuNeeded} or newer`, probe: ({ host }) => probeQemu(host) },
	{
		id: 'kvm',
		title: 'KVM',
		needed: 'optional, for speed',
		probe: ({ host, proveKvm }) => probeKvm(host, proveKvm),
		unbounded: true,
	},
	{ id: 'tun', title: '/dev/net/tun', needed: 'read and write', probe: ({ host }) => probeTun(host) },
	{
		id: 'user-namespaces',
		title: 'user namespaces',
		needed: 'permitted to ordinary users',
		probe: ({ host }) => probeUserNamespaces(host),
	},
	{ id: 'apparmor', title: 'AppArmor', needed: 'lets unshare(1) work', probe: ({ host }) => probeAppArmor(host) },
	{
		id: 'memory-access',
		title: 'memory access',
		needed: 'of child processes',
		probe: ({ host }) => probeMemoryAccess(host),
	},
	{
		id: 'subordinate-ids',
		title: 'subuid, subgid',
		needed: `${subordinateIdsNeeded} ids each`,
		probe: ({ host }) => probeSubordinateIds(host),
	},
	{ id: 'newuidmap', title: 'newuidmap', needed: 'maps those ids', probe: ({ host }) => probeIdMapping(host) },
	...programRequirements.map(
		(program): Requirement => ({
			id: program.id,
			title: program.title,
			needed: ['any', program.optional, program.builds && 'to build images'].filter(Boolean).join(', '),
			probe: ({ host }) => probeProgram(host, program),
		}),
	),
	{ id: 'keyring', title: 'Debian keyring', needed: 'verifies packages', probe: ({ host }) => probeKeyring(host) },
	{
		id: 'memory',
		title: 'free memory',
		needed: needed(memoryNeeded, 'for four machines'),
		probe: ({ host }) =>
			judgeBytes(host.freeMemory(), memoryNeeded, 'available', 'end other programs, or rehearse a smaller lab'),
	},
	{ id: 'disk', title: 'free disk', needed: needed(diskNeeded, 'for the images'), probe: probeDisk },
];

const probeDeadlineMs = 15_000;

/** Probes one requirement; a probe that fails or does not end is itself a finding. */
async function check(requirement: Requirement, context: RequirementContext): Promise<CheckedRequirement> {
	const { id, title, needed: enough, probe, unbounded } = requirement;
	const probing = (async () => probe(context))();
	const finding = await (unbounded
		? probing
		: withDeadline(probing, patiently(probeDeadlineMs), () => brokenFailure('command-timeout', `no answer within ${formatMs(patiently(probeDeadlineMs))}`))
	).catch((error: unknown): ProbeResult => {
		const { code, message, hint } = toFailure(error);
		if (code === 'command-timeout') return slowToAnswer(message);
		return { status: id === 'kvm' ? 'warning' : 'missing', found: message, fix: hint };
	});
	return { id, title, needed: enough, ...finding };
}

/**
 * Probes everything that a rehearsal needs, all at the same time. Resolves to what was found, in the order of the
 * table.
 */
export const checkRequirements = (context: RequirementContext): Promise<CheckedRequirement[]> =>
	Promise.all(requirements.map((requirement) => check(requirement, context)));

/** Requirements that `run` looks at: those without which it would fail late or with a puzzling message. */
const preflightIds: readonly string[] = ['node', 'qemu', 'tun', 'user-namespaces'];

/** Those of them that only the building of images has. */
const buildIds: readonly string[] = ['subordinate-ids'];

/**
 * The pre-flight of a run: some 50 ms, most of it for QEMU's version.
 * @param builds whether the run has images to build
 * @throws Failure `missing-…` or `too-old-…` (exit 3) for the first thing that this host lacks, with its fix
 */
export async function requiredForRun(builds: boolean, host: Host = thisHost()): Promise<void> {
	const programs = [
		...programRequirements.filter((program) => !program.optional && (builds || !program.builds)).map(({ argv }) => argv[0]),
		'qemu-system-x86_64',
		...(builds ? ['newuidmap', 'newgidmap'] : []),
	];
	const ids = builds ? [...preflightIds, ...buildIds] : preflightIds;
	const [paths, checked] = await Promise.all([
		Promise.all(programs.map((program) => host.findProgram(program))),
		Promise.all(
			requirements
				.filter(({ id }) => ids.includes(id))
				.map((requirement) => check(requirement, { host, cacheDirectory: '/' })),
		),
	]);
	const absent = programs.filter((_program, index) => paths[index] === undefined);
	const [program] = absent;
	if (program !== undefined) {
		throw hostFailure(`missing-${program}`, `${absent.join(', ')}: not found on this host`, {
			hint: host.setUp,
			detail: absent.map((name) => `${name} is in the package ${packageOf(name) ?? name}`).join('\n'),
		});
	}
	const lacking = checked.find(isBlocking);
	if (!lacking) return;
	const { id, title, status, found, needed: enough, fix } = lacking;
	throw hostFailure(`${status.replace(' ', '-')}-${id}`, `${title}: ${found}; needed: ${enough}`, { hint: fix });
}
