/** Requirements that are programs: whether they are there, and of which version. */
import { toFailure } from '../base/errors.js';
import { patiently } from '../base/patience.js';
import type { ProbeResult } from '../base/requirement.js';
import type { Argv } from '../process/run.js';
import type { Host } from './host.js';
import { isAtLeast, parseVersion } from './judge.js';

/** The first QEMU that can migrate to a file, and map memory from one that it may not write to. 7.2, of Debian 12, crashed a Debian 13 guest under `-cpu max`. */
export const qemuNeeded = '8.2';

/** The first Node.js that the dependencies agree on. */
export const nodeNeeded = '20.19';

const probeTimeoutMs = 10_000;

/** A program that is there and has not printed its version in time: the host is busy, and nothing is missing. */
export const slowToAnswer = (detail: string): ProbeResult => ({ status: 'warning', found: `slow to answer: ${detail}` });

/** A program of which any version will do. */
interface ProgramRequirement {
	readonly id: string;
	readonly title: string;
	/** Makes the program print its version, on either stream. */
	readonly argv: Argv;
	/** What it is for, where a rehearsal can do without, so that its absence is no more than a warning. */
	readonly optional?: string;
	/** Whether only the building of images takes it, and no run whose images are there. */
	readonly builds?: true;
}

/** The programs that are only looked for. */
export const programRequirements: readonly ProgramRequirement[] = [
	{ id: 'qemu-img', title: 'qemu-img', argv: ['qemu-img', '--version'] },
	{ id: 'mmdebstrap', title: 'mmdebstrap', argv: ['mmdebstrap', '--version'], builds: true },
	{ id: 'mke2fs', title: 'mke2fs', argv: ['mke2fs', '-V'], builds: true },
	{ id: 'bsdtar', title: 'bsdtar', argv: ['bsdtar', '--version'] },
	{ id: 'dnsmasq', title: 'dnsmasq', argv: ['dnsmasq', '--version'] },
	{ id: 'ip', title: 'ip', argv: ['ip', '-V'] },
	{ id: 'perl', title: 'perl', argv: ['perl', '--version'] },
	{ id: 'gpg', title: 'gpg', argv: ['gpg', '--version'], builds: true },
	{ id: 'ssh', title: 'ssh', argv: ['ssh', '-V'], optional: 'to log in by hand' },
];

/** The Node that runs this. */
export function probeNode(host: Host): ProbeResult {
	const found = host.nodeVersion;
	if (isAtLeast(found, nodeNeeded)) return { status: 'ok', found };
	return { status: 'too old', found, fix: 'install Node.js 20 LTS or newer' };
}

/** Whether a program is there, with its version where it prints one. */
export async function probeProgram(
	host: Host,
	{ argv, optional }: Pick<ProgramRequirement, 'argv' | 'optional'>,
): Promise<ProbeResult> {
	try {
		const { stdout, stderr } = await host.run(argv, { allowFailure: true, timeoutMs: patiently(probeTimeoutMs) });
		return { status: 'ok', found: parseVersion(`${stdout}\n${stderr}`) ?? 'present' };
	} catch (error) {
		const { code, message } = toFailure(error);
		if (code === 'command-timeout') return slowToAnswer(message);
		const found = code === 'program-missing' ? 'not found' : message;
		return { status: optional ? 'warning' : 'missing', found, fix: host.setUp };
	}
}

/** QEMU's version. */
export async function probeQemu(host: Host): Promise<ProbeResult> {
	const finding = await probeProgram(host, { argv: ['qemu-system-x86_64', '--version'] });
	if (finding.status !== 'ok') return finding;
	return isAtLeast(finding.found, qemuNeeded) ? finding : { status: 'too old', found: finding.found, fix: host.setUp };
}
