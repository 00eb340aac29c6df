import { toolVersion } from '../base/package-root.js';
import { thisHost, type Host } from '../host/host.js';
import { probeQemu } from '../host/programs.js';
import { readGuestDefinition } from '../image/guest.js';
import { imageKey } from '../image/store.js';
import { baseImages, suiteOf } from '../plan/base-images.js';

/**
 * What `rehearse --version` prints: its own version, that of QEMU (or why there is none), and for each base image a hash of
 * what its images are made of. With the same hash and packages images are the same but for what the Debian mirror had.
 */
export async function versionText(host: Host = thisHost()): Promise<string> {
	const [qemu, guest] = await Promise.all([probeQemu(host), readGuestDefinition()]);
	const images = baseImages.map(async (name) => {
		const suite = suiteOf(name) ?? guest.suite;
		return `${name} ${await imageKey({ suite, packages: guest.base }, guest)}`;
	});
	return [`rehearse ${toolVersion()}`, `QEMU     ${qemu.found}`, `images   ${(await Promise.all(images)).join(', ')}`].join('\n');
}
