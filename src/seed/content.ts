import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { encryptPassword } from './password.js';
import { contentOf } from '../lab/script-bytes.js';
import { packageRoot } from '../base/package-root.js';
import { contentKey } from '../base/hash.js';
import { quote } from '../base/shell.js';
import type { HostKey, LabNode, StartupScript, User } from '../lab/lab.js';
import { settingFiles, yesNo } from './settings.js';

/** The guest's own files, from `cloud-init/guest`. */
export interface GuestFiles {
	readonly [file: string]: string;
}

export interface SeedInput {
	readonly node: LabNode;
	readonly hostKey: HostKey;
	readonly guestFiles: GuestFiles;
	/** How long a startup script may take, in seconds. */
	readonly scriptDeadlineSeconds: (script: StartupScript) => number;
	/** Whether the guest traces a startup script. */
	readonly isTraced: (script: StartupScript) => boolean;
}

/** The files of a seed disk by path; only scripts that are no text are bytes. */
export type SeedFiles = Readonly<Record<string, string | Buffer>>;

/** Where on the seed the guest's own files lie, each at the path that it has in the guest. */
const guestTree = 'guest';

/** Where in the guest its own files go. */
const guestFilePlaces: Readonly<Record<string, string>> = {
	agent: '/usr/local/lib/rehearse/agent',
	'Base64.pm': '/usr/local/lib/rehearse/Base64.pm',
	'Clock.pm': '/usr/local/lib/rehearse/Clock.pm',
	'Commands.pm': '/usr/local/lib/rehearse/Commands.pm',
	'Sockets.pm': '/usr/local/lib/rehearse/Sockets.pm',
	'Manager.pm': '/usr/local/lib/rehearse/Manager.pm',
	'run-script': '/usr/local/lib/rehearse/run-script',
	'snapshot.bash': '/usr/local/lib/rehearse/snapshot.bash',
	'control-channel.bash': '/usr/local/lib/rehearse/control-channel.bash',
	'debug.bash': '/usr/local/lib/rehearse/debug.bash',
	'trace.bash': '/usr/local/lib/rehearse/trace.bash',
	'rehearse-agent.service': '/etc/systemd/system/rehearse-agent.service',
	'each-boot.conf': '/etc/systemd/system/systemd-user-sessions.service.d/rehearse.conf',
};

/** Reads the guest's own files. */
export async function readGuestFiles(): Promise<GuestFiles> {
	const directory = path.join(packageRoot(), 'cloud-init', 'guest');
	const entries = Object.keys(guestFilePlaces).map(
		async (file) => [file, await readFile(path.join(directory, file), 'utf8')] as const,
	);
	return Object.fromEntries(await Promise.all(entries));
}

/**
 * Every file of a node's seed: NoCloud's three (cloud-init's documentation, "NoCloud"), the guest's own, and the startup
 * scripts with an index whose lines are `name deadline-in-seconds trace|plain after`.
 *
 * The guest's own are not in the user-data: cloud-init parses it a dozen times while it provisions a node, in Python,
 * at 6 ms a kilobyte in an emulated guest: 3 of the 33 seconds of processor time of its whole boot.
 */
export function buildSeedFiles(input: SeedInput): SeedFiles {
	const { node, guestFiles } = input;
	const provisioning = {
		'user-data': `#cloud-config\n${JSON.stringify(buildUserData(input), null, 1)}\n`,
		'network-config': `${JSON.stringify(buildNetworkConfig(node), null, 1)}\n`,
		...Object.fromEntries(Object.entries(guestFiles).map(([file, text]) => [guestTree + placeOf(file), text])),
	};
	// The identity is what the node is; a startup script is what is done to it, and changes no identity.
	const metaData = { 'instance-id': `rehearse-${contentKey(provisioning)}`, 'local-hostname': node.name };
	return {
		...provisioning,
		'meta-data': `${JSON.stringify(metaData)}\n`,
		'startup/order.txt': node.startupScripts.map((script) => indexLine(script, input)).join(''),
		...Object.fromEntries(node.startupScripts.map((script) => [`startup/${script.name}`, contentOf(script)])),
	};
}

/** Whether a seed's file is only read when the startup scripts run, so that it changes nothing before them. */
export const isStartupFile = (name: string): boolean => name.startsWith('startup/');

const indexLine = (script: StartupScript, { scriptDeadlineSeconds, isTraced }: SeedInput): string =>
	`${script.name} ${Math.ceil(scriptDeadlineSeconds(script))} ${isTraced(script) ? 'trace' : 'plain'} ${script.after}\n`;

function placeOf(file: string): string {
	const place = guestFilePlaces[file];
	if (place === undefined) throw new Error(`the guest has no place for ${file}`);
	return place;
}

/**
 * Shell command by which cloud-init takes itself out of later boots, where an image has it enabled for good: with its units
 * all others would wait for the network, whatever their conditions are.
 */
const endCloudInit = 'rm -f /etc/systemd/system/multi-user.target.wants/cloud-init.target';

/** Shell commands by which a guest takes its own files from the seed. */
const takeGuestFiles = [
	'mount -t iso9660 -o ro,X-mount.mkdir /dev/disk/by-label/cidata /run/rehearse/seed',
	`cp -R /run/rehearse/seed/${guestTree}/. /`,
	'umount /run/rehearse/seed',
];

const enable = (unit: string): string => `systemctl enable --now ${unit} 2>/dev/console`;

/**
 * Shell commands that enable and start services, and one for the end of the list, whose status makes cloud-init report
 * that one of them could not be. systemctl's message is on the console: cloud-init does not name the command. It enables no
 * unit by an alias, so that where it refuses, the unit behind the name is tried.
 */
const enableServices = (services: readonly string[]): { readonly first: readonly string[]; readonly last: readonly string[] } => ({
	first: services.map((service) => `${enable(quote(service))} || ${enable(`"$(systemctl show --property=Id --value ${quote(service)})"`)} || refused=1`),
	last: ['[ -z "$refused" ]'],
});

/**
 * Shell command that has systemd-resolved answer for other nodes as Debian has it (LLMNR, mDNS): only where the recipe asks for
 * it by name, and not because every image has it.
 */
const restoreResolver = 'rm -f /etc/systemd/resolved.conf.d/rehearse.conf && systemctl restart systemd-resolved.service';

/** Groups that every image has: those of Debian's beginning (package base-passwd), and of systemd's packages. */
const knownGroups = new Set(
	`adm audio backup bin cdrom daemon dialout dip disk fax floppy games input irc kmem kvm list lp mail man news nogroup
	operator plugdev proxy render sasl sgx shadow src staff sudo sync sys tape tty users utmp uucp video voice www-data`.split(/\s+/),
);

/** Groups of packages that people name users after. */
const groupsOfPackages: readonly string[] = ['docker', 'netdev', 'ssl-cert'];

/** The groups that a user is listed as a member of: not his own. */
const groupsBeside = (username: string, groups: readonly string[]): readonly string[] => groups.filter((group) => group !== username);

/**
 * The groups of a user for cloud-init, which refuses an empty list, and with it all users. useradd(8) refuses a user for whom there
 * is a group already unless that is to be his, and one whose group is not there. cloud-init makes his own beforehand only where
 * he has a list of groups (add_user of its cloudinit/distros/__init__.py): so one that may be there is on it.
 * @param before the users that are made before him
 */
function groupsOf({ username, groups }: User, before: readonly User[]): object {
	const others = groupsBeside(username, groups);
	const isThere = knownGroups.has(username);
	const mayBeThere = groupsOfPackages.includes(username) || before.some((user) => user.groups.includes(username));
	const listed = others.length === 0 && mayBeThere && !isThere ? [username] : others;
	return { ...(listed.length > 0 ? { groups: listed } : {}), ...(isThere || mayBeThere ? { primary_group: username } : {}) };
}

/**
 * Shell command that gives a user whom a package has made what the recipe says of him: cloud-init skips all but his password
 * and keys, and makes none of his groups. Those of Debian's packages have numbers below 1000, and `nobody` has 65534 (Debian
 * Policy 9.2.2).
 */
function completeUser({ username, shell, groups, comment }: User): string {
	const others = groupsBeside(username, groups);
	const flags = [
		...['--shell', quote(shell)],
		...(others.length > 0 ? ['--append', '--groups', quote(others.join(','))] : []),
		...(comment === undefined ? [] : ['--comment', quote(comment)]),
	];
	const isOfPackage = `grep -qE ${quote(`^${username.replaceAll('.', '\\.')}:[^:]*:([0-9]{1,3}|65534):`)} /etc/passwd`;
	const commands = [...others.map((group) => `groupadd --force -- ${quote(group)}`), `usermod ${flags.join(' ')} -- ${quote(username)}`];
	return `! ${isOfPackage} || { ${commands.join(' && ')}; } 2>/dev/console || refused=1`;
}

function buildUserData({ node, hostKey }: SeedInput): object {
	// Before the services: they begin behind the firewall.
	const services = enableServices([...(node.firewall ? ['nftables'] : []), ...node.services]);
	return {
		hostname: node.name,
		users: node.users.map((user, index) => ({
			name: user.username,
			// cloud-init refuses an empty list, and with it all users.
			...groupsOf(user, node.users.slice(0, index)),
			shell: user.shell,
			...(user.home === undefined ? {} : { homedir: user.home }),
			...(user.comment === undefined ? {} : { gecos: user.comment }),
			// The same of an empty list of keys.
			...(user.sshKeys && user.sshKeys.length > 0 ? { ssh_authorized_keys: user.sshKeys } : {}),
			...(user.password === undefined
				? { lock_passwd: true }
				: { lock_passwd: false, hashed_passwd: encryptPassword(user.password, `${node.name}/${user.username}`) }),
		})),
		ssh_deletekeys: true,
		ssh_keys: { ed25519_private: hostKey.privateKey, ed25519_public: hostKey.publicKey },
		// The disk is one file system without a partition table: nothing to grow but the file system itself.
		growpart: { mode: 'off' },
		resize_rootfs: true,
		package_update: false,
		write_files: [
			// sudo looks its own host up; without this line it would ask a DNS server that a lab need not have.
			{ path: '/etc/hosts', append: true, content: `127.0.1.1 ${node.name}\n` },
			// What cloud-init's `ssh_pwauth` writes, before sshd has started: that would have it restarted.
			{ path: '/etc/ssh/sshd_config.d/50-cloud-init.conf', permissions: '0600', content: `PasswordAuthentication ${yesNo(node.ssh?.passwords ?? true)}\n` },
			...settingFiles(node),
		],
		runcmd: [
			...(node.packages.includes('systemd-resolved') ? [restoreResolver] : []),
			...node.users.map(completeUser),
			...services.first,
			endCloudInit,
			...takeGuestFiles,
			['systemctl', 'start', '--no-block', 'rehearse-agent.service'],
			...services.last,
		],
	};
}

/** Version 2 of cloud-init's network configuration: the uplink, by DHCP; the alias is the startup script's work. */
function buildNetworkConfig(node: LabNode): object {
	return {
		version: 2,
		ethernets: {
			uplink: {
				match: { macaddress: node.mac },
				dhcp4: true,
				dhcp6: false,
				'accept-ra': false,
				// cloud-init refuses an empty list, and with it all settings of the interface.
				...(node.dns.length > 0 ? { nameservers: { addresses: node.dns } } : {}),
			},
		},
	};
}
