/** The upper layer of a node's ISO: the one place where a node of the lab becomes files of a system. */
import { usageFailure } from '../base/errors.js';
import { sha256 } from '../base/hash.js';
import type { LabNode, StartupScript, User } from '../lab/lab.js';
import { contentOf } from '../lab/script-bytes.js';
import { scriptUnit } from '../lab/script-unit.js';
import { hashPassword } from '../seed/password.js';
import { settingFiles } from '../seed/settings.js';
import { addAccounts, type AccountFiles, type Home } from './accounts.js';
import { ordersOf, unitText } from './script-units.js';
import { enableService, systemUnits, type UnitFiles } from './services.js';

/** What a node's layer needs to know of the base layer that it lies upon. */
export interface BaseFacts {
	/** Seconds since 1970: nothing in the ISO is younger. */
	readonly epoch: number;
	readonly accounts: AccountFiles;
	/** The mode of a new home directory. */
	readonly homeMode: number;
	/** The files of a new home directory by their paths in it. */
	readonly skeleton: Readonly<Record<string, string>>;
	readonly units: UnitFiles;
}

/** A file, directory or symbolic link of a layer. */
export interface LayerEntry {
	/** Absolute, in the system. */
	readonly path: string;
	readonly mode: number;
	readonly uid: number;
	readonly gid: number;
	readonly content: { readonly data: string | Buffer } | { readonly link: string } | 'directory';
}

/** Group of /etc/shadow: Debian gives it this id in every system (base-passwd). */
const shadowGroup = 42;

/** Where the startup scripts lie. */
const scriptDirectory = '/usr/local/lib/startup';

/** Everything of a node's layer, each directory before what is in it. The same node on the same base gives the same. */
export function nodeLayer(node: LabNode, facts: BaseFacts): readonly LayerEntry[] {
	const entries = [
		...identity(node),
		...network(node),
		...settingFiles(node).map(({ path, permissions, content }) => file(path, content, parseInt(permissions, 8))),
		...accounts(node, facts),
		...services(node, facts),
		...startupScripts(node.startupScripts),
	];
	const byPath = new Map(entries.map((entry) => [entry.path, entry]));
	for (const { path } of entries) for (const above of parents(path)) if (!byPath.has(above)) byPath.set(above, directory(above));
	return [...byPath.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

function identity({ name }: LabNode): readonly LayerEntry[] {
	const hosts = [
		'127.0.0.1 localhost',
		`127.0.1.1 ${name}`,
		'::1 localhost ip6-localhost ip6-loopback',
		'ff02::1 ip6-allnodes',
		'ff02::2 ip6-allrouters',
	];
	return [file('/etc/hostname', `${name}\n`), file('/etc/hosts', hosts.map((line) => `${line}\n`).join(''))];
}

/**
 * Any wired card, by DHCP; the lab address is the startup script's work. The resolver that every ISO has would answer for every
 * node of the wire: names of nodes resolve only by what the plan does for it, as in a rehearsal.
 */
function network({ dns, packages }: LabNode): readonly LayerEntry[] {
	const lines = ['[Match]', 'Name=en* eth*', '', '[Network]', 'DHCP=yes', ...dns.map((address) => `DNS=${address}`)];
	return [
		file('/etc/systemd/network/80-wired.network', lines.map((line) => `${line}\n`).join('')),
		...(packages.includes('systemd-resolved') ? [] : [file('/etc/systemd/resolved.conf.d/names.conf', '[Resolve]\nLLMNR=no\nMulticastDNS=no\n')]),
	];
}

function accounts({ name, users }: LabNode, facts: BaseFacts): readonly LayerEntry[] {
	const { epoch, accounts: base } = facts;
	const requests = users.map(({ username, groups, shell, password, home, comment }) => ({
		...{ username, groups, shell, home, comment },
		// The salt follows from names alone: one that the password had a part in would help to guess it.
		passwordHash: password === undefined ? undefined : hashPassword(password, sha256(`${name}/${username}`).slice(0, 16)),
	}));
	const { files, homes } = addAccounts(base, requests, Math.floor(epoch / 86_400));
	return [
		...Object.entries(files).map(([file_, text]) =>
			/shadow$/.test(file_) ? { ...file(`/etc/${file_}`, text, 0o640), gid: shadowGroup } : file(`/etc/${file_}`, text),
		),
		...homes.flatMap((home, index) => [
			...(home.isNew ? newHome(home, facts) : []),
			...authorizedKeys(home, users[index]?.sshKeys ?? [], name),
		]),
	];
}

const newHome = ({ path, uid, gid }: Home, { homeMode, skeleton }: BaseFacts): readonly LayerEntry[] => [
	{ ...directory(path, homeMode), uid, gid },
	...Object.keys(skeleton).flatMap((name) => parents(`/${name}`).map((above) => ({ ...directory(`${path}${above}`), uid, gid }))),
	...Object.entries(skeleton).map(([name, text]) => ({ ...file(`${path}/${name}`, text), uid, gid })),
];

/** The keys of a user, and the directories above them as sshd asks for them (sshd_config(5), StrictModes). */
function authorizedKeys({ username, path, uid, gid, isNew }: Home, keys: NonNullable<User['sshKeys']>, node: string): readonly LayerEntry[] {
	if (keys.length === 0) return [];
	if (!isNew && username !== 'root') {
		throw usageFailure(`${node}: the user ${JSON.stringify(username)} is one of a package, and an ISO cannot give it SSH keys`, {
			node,
			hint: 'give the keys to a user of the recipe',
		});
	}
	return [
		// root's is none of the layer's otherwise.
		...(isNew ? [] : [{ ...directory(path, 0o700), uid, gid }]),
		{ ...directory(`${path}/.ssh`, 0o700), uid, gid },
		{ ...file(`${path}/.ssh/authorized_keys`, keys.map((key) => `${key}\n`).join(''), 0o600), uid, gid },
	];
}

/** The firewall first, as in a rehearsal. */
const services = ({ name, services: wanted, firewall }: LabNode, { units }: BaseFacts): readonly LayerEntry[] =>
	[...(firewall ? ['nftables'] : []), ...wanted].flatMap((service) => enableService(service, units, name).map(({ path, target }) => link(path, target)));

/** Each script, and its unit, enabled. */
function startupScripts(scripts: readonly StartupScript[]): readonly LayerEntry[] {
	const orders = ordersOf(scripts);
	return scripts.flatMap((script, index) => {
		const place = `${scriptDirectory}/${script.name}`;
		const unit = scriptUnit(script.name);
		return [
			file(place, contentOf(script), 0o755),
			file(`${systemUnits}/${unit}`, unitText(script, place, orders[index] ?? { named: [], others: [] })),
			link(`${systemUnits}/multi-user.target.wants/${unit}`, `../${unit}`),
		];
	});
}

const file = (path: string, data: string | Buffer, mode = 0o644): LayerEntry => ({ path, mode, uid: 0, gid: 0, content: { data } });

const directory = (path: string, mode = 0o755): LayerEntry => ({ path, mode, uid: 0, gid: 0, content: 'directory' });

const link = (path: string, target: string): LayerEntry => ({ path, mode: 0o777, uid: 0, gid: 0, content: { link: target } });

/** `/etc/ssh/x` lies in `/etc` and `/etc/ssh`. */
const parents = (path: string): readonly string[] => [...path.matchAll(/\//g)].slice(1).map(({ index }) => path.slice(0, index));
