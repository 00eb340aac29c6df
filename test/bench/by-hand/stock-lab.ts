/**
 * The lab as somebody starts it who has nothing of the tool: its image and its seed, as pure functions. Everything is as it
 * comes: Debian with the packages of priority `important`, which is what debootstrap(8) makes, with recommended packages; its
 * cloud kernel; cloud-init as Debian configures it, with a user-data of the usual modules.
 */
import type { GuestDefinition } from '../../../src/image/guest.js';
import { packageSet } from '../../../src/image/guest.js';
import { mirrorArguments, type Sources } from '../../../src/image/archives.js';
import { proxyOptions } from '../../../src/image/mirror.js';
import type { LabNode } from '../../../src/lab/lab.js';
import type { Argv } from '../../../src/process/run.js';

/** What a Debian of priority `important` lacks to be such a machine. */
const machinePackages = ['cloud-init', 'linux-image-cloud-amd64', 'openssh-server', 'sudo'];

/** The packages of a recipe, sorted, with those that its features stand for, and without what the tool needs itself. */
export const recipePackages = (node: LabNode, guest: GuestDefinition): readonly string[] => [...packageSet(node, { ...guest, base: [] })].sort();

/** The packages that are installed, sorted: the recipe's, and the machine's. */
export const stockPackages = (node: LabNode, guest: GuestDefinition): readonly string[] =>
	[...new Set([...recipePackages(node, guest), ...machinePackages])].sort();

/** The command that writes the root file system into a tar archive. */
export const stockArgv = (suite: string, packages: readonly string[], archive: string, components: readonly string[], sources: Sources): Argv => [
	...(['mmdebstrap', '--mode=unshare', '--format=tar', '--variant=important', `--components=${components.join(',')}`] as const),
	...['--aptopt=Apt::Install-Recommends "true"', ...proxyOptions(sources)],
	...[`--include=${packages.join(',')}`, suite, archive, ...mirrorArguments(suite, components, sources)],
];

/** Where a startup script that failed leaves its mark. */
const failed = '/run/startup-failed';

/** What is asked of a guest once it lets somebody in: whether cloud-init is done, which runs the scripts, and how it went. */
export const stockWaitCommand = `cloud-init status --wait >/dev/null; [ ! -e ${failed} ]`;

const programOf = (script: string): string => `/usr/local/sbin/startup-${script}`;

/** The files of the seed (NoCloud). JSON is YAML. */
export function stockSeed(node: LabNode): Readonly<Record<string, Buffer>> {
	const userData = {
		hostname: node.name,
		ssh_pwauth: true,
		users: node.users.map(({ username, password, groups, shell }) => ({
			...{ name: username, shell, lock_passwd: false },
			...(groups.length === 0 ? {} : { groups: [...groups] }),
			...(password === undefined ? {} : { plain_text_passwd: password }),
		})),
		write_files: node.startupScripts.map(({ name, text, bytes }) => ({
			...{ path: programOf(name), permissions: '0755', encoding: 'b64' },
			content: bytes ?? Buffer.from(text).toString('base64'),
		})),
		runcmd: [
			...node.services.map((service) => ['systemctl', 'enable', '--now', service]),
			// Without a first line that names it, the kernel runs no interpreter, and a shell does.
			...node.startupScripts.map(({ name }) => `${programOf(name)} || touch ${failed}`),
		],
	};
	return {
		'meta-data': Buffer.from(`instance-id: ${node.name}\n`),
		'user-data': Buffer.from(`#cloud-config\n${JSON.stringify(userData, undefined, 2)}\n`),
	};
}
