import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { CleanupStack } from '../base/cleanup.js';
import { brokenFailure } from '../base/errors.js';
import { lastLines } from '../base/format.js';
import type { Lab } from '../lab/lab.js';
import { startChild, type Child } from '../process/child.js';
import { run } from '../process/run.js';
import { dhcpArgv, networkCommands } from './plan.js';

/** A lab's network that is up. */
export interface LabNetwork {
	/** Resolves, to an error with the reason, when the DHCP server ends by itself: at once when it dislikes an option. */
	readonly broken: Promise<Error>;
}

/**
 * Makes the lab's network in the network namespace of this process. Its interfaces end with the namespace; the DHCP
 * server is stopped by `cleanup`.
 * @param directory for the lease file
 */
export async function startNetwork(lab: Lab, directory: string, cleanup: CleanupStack): Promise<LabNetwork> {
	await run(['ip', '-batch', '-'], { input: networkCommands(lab) });
	// Only a host that forwards answers "unreachable" for somebody else's packet; more often than once a second it may
	// only with `icmp_ratelimit` 0 (icmp(7)), and a connection that is not refused waits for its own time-out.
	await writeFile('/proc/sys/net/ipv4/ip_forward', '1\n');
	await writeFile('/proc/sys/net/ipv4/icmp_ratelimit', '0\n');
	let dhcp: Child | undefined;
	let stopping = false;
	cleanup.defer('DHCP server', () => {
		stopping = true;
		return dhcp?.stop();
	});
	dhcp = await startChild(dhcpArgv(lab, path.join(directory, 'leases')));
	const broken = new Promise<Error>((resolve) => {
		void dhcp.exited.then(({ recentStderr, exitCode, signal }) => {
			if (stopping) return;
			resolve(
				brokenFailure('dhcp-ended', `the DHCP server ended (${signal ?? `status ${exitCode}`})`, {
					detail: lastLines(recentStderr, 10),
				}),
			);
		});
	});
	return { broken };
}
