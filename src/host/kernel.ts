/** Requirements that the kernel grants or refuses: taps, user namespaces, ids. The probes try each of them out. */
import type { ProbeResult } from '../base/requirement.js';
import { lastLines } from '../base/format.js';
import { patiently } from '../base/patience.js';
import { findSubordinateRange, inUserNamespace } from '../process/user-namespace.js';
import { asRoot, type Host } from './host.js';
import { findUserNamespaceFix, judgeSubordinateRanges } from './judge.js';

const probeTimeoutMs = 10_000;

/** Whether this user can read and write /dev/net/tun, which makes the machines' taps. */
export async function probeTun(host: Host): Promise<ProbeResult> {
	const error = await host.tryDevice('/dev/net/tun');
	if (error === undefined) return { status: 'ok', found: 'readable and writable' };
	const found =
		error === 'ENOENT' ? 'not present' : error === 'EACCES' ? `not permitted to ${host.user.username}` : `unusable (${error})`;
	// EPERM is a container's device policy, which no mode of the file overrules.
	const fix = error === 'EPERM' ? 'start the container with --device /dev/net/tun' : host.setUp;
	return { status: 'missing', found, fix };
}

const appArmorSwitch = '/proc/sys/kernel/apparmor_restrict_unprivileged_userns';

/** Over a directory that is there, and that nobody needs any more. */
const mountTmpfs = ['mount', '-t', 'tmpfs', 'probe', '/proc'];

/**
 * Whether this user can make a lab's namespaces, with a file system for its memory. The probe makes them and leaves
 * them.
 */
export async function probeUserNamespaces(host: Host): Promise<ProbeResult> {
	const { exitCode, stderr } = await host.run(
		['unshare', '--user', '--map-root-user', '--net', '--pid', '--fork', '--mount-proc', ...mountTmpfs],
		{ allowFailure: true, timeoutMs: patiently(probeTimeoutMs) },
	);
	if (exitCode === 0) return { status: 'ok', found: 'user, network, PID and mount namespaces work' };
	const [restricts, cloneSwitch, maximum] = await Promise.all([
		host.readText(appArmorSwitch),
		host.readText('/proc/sys/kernel/unprivileged_userns_clone'),
		host.readText('/proc/sys/user/max_user_namespaces'),
	]);
	const message = lastLines(stderr, 1) || `unshare exited with status ${exitCode}`;
	const switches = { appArmorRestricts: restricts === '1' && host.user.uid !== 0, cloneSwitch, maximum };
	return { status: 'missing', found: message, fix: findUserNamespaceFix(switches, host.setUp) };
}

/** Ubuntu's restriction of user namespaces, since 23.10. `probeUserNamespaces` finds out whether it affects this tool. */
export async function probeAppArmor(host: Host): Promise<ProbeResult> {
	if ((await host.readText(appArmorSwitch)) !== '1') return { status: 'ok', found: 'does not restrict user namespaces' };
	if (host.user.uid === 0) return { status: 'ok', found: 'restricts user namespaces, but not those of root' };
	if (await host.exists('/etc/apparmor.d/rehearse-unshare')) {
		return { status: 'ok', found: 'restricts user namespaces, with a profile that allows unshare(1)' };
	}
	return { status: 'warning', found: 'restricts user namespaces to programs with a profile', fix: host.setUp };
}

/** Opens the memory of another process of this user's, as saving a machine does that was restored. */
const readOthersMemory = 'sleep 5 & (: <"/proc/$!/mem"); status=$?; kill "$!"; exit "$status"';

/** Whether a process may read the memory of its children, which Yama can forbid (kernel.yama.ptrace_scope=3) until the next boot. */
export async function probeMemoryAccess(host: Host): Promise<ProbeResult> {
	const { exitCode } = await host.run(['sh', '-c', readOthersMemory], { allowFailure: true, timeoutMs: patiently(probeTimeoutMs) });
	if (exitCode === 0) return { status: 'ok', found: 'permitted' };
	return {
		status: 'warning',
		found: 'not permitted; labs of restored machines are not saved as started',
		fix: 'start this host with kernel.yama.ptrace_scope below 3 (sysctl.d(5))',
	};
}

async function readRanges(host: Host) {
	const read = async (file: string) =>
		findSubordinateRange((await host.readText(file)) ?? '', host.user.username, host.user.uid);
	const [uids, gids] = await Promise.all([read('/etc/subuid'), read('/etc/subgid')]);
	return { uids, gids };
}

/** Whether this user has subordinate ids, which building an image needs. */
export async function probeSubordinateIds(host: Host): Promise<ProbeResult> {
	const { uids, gids } = await readRanges(host);
	return judgeSubordinateRanges(uids, gids, host.user.username, host.setUp);
}

/** newuidmap and newgidmap must be there and be setuid, or have the capabilities: seen by using them. */
export async function probeIdMapping(host: Host): Promise<ProbeResult> {
	for (const program of ['newuidmap', 'newgidmap']) {
		if (!(await host.findProgram(program))) return { status: 'missing', found: `${program} not found`, fix: host.setUp };
	}
	const { uids, gids } = await readRanges(host);
	if (!uids || !gids) return { status: 'missing', found: 'present, but there are no ids to map', fix: host.setUp };
	const { exitCode, stderr } = await host.run(inUserNamespace({ uids, gids }, ['true']), {
		allowFailure: true,
		timeoutMs: patiently(probeTimeoutMs),
	});
	if (exitCode === 0) return { status: 'ok', found: 'a range of ids was mapped' };
	return {
		status: 'missing',
		found: lastLines(stderr, 1) || `status ${exitCode}`,
		fix: asRoot(host.user.uid, 'apt-get install --reinstall uidmap'),
	};
}
