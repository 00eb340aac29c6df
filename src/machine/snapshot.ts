/** Reads what the guest's agent answers to `snapshot` (`cloud-init/guest/snapshot.bash`). */
import { gunzipSync } from 'node:zlib';
import type { StateSnapshot, SnapshotFile } from '../lab/state-snapshot.js';
import { readAddresses, readPorts } from './proc-net.js';

/** What a section begins with, before its name. */
const separator = '\x1d';

/** How much a snapshot may unfold to, in bytes. That of a machine with a hundred thousand files has a tenth of it. */
const maximumSnapshotBytes = 64 * 2 ** 20;

/** Reads a state snapshot from the agent's base64 of gzip. What cannot be read of it is left out. @throws for what is no gzip, or too much */
export function parseSnapshot(answer: string): StateSnapshot {
	const text = gunzipSync(Buffer.from(answer, 'base64'), { maxOutputLength: maximumSnapshotBytes }).toString('utf8');
	const sections = splitSections(text);
	const section = (name: string) => sections.get(name) ?? '';
	const users = byName(section('passwd'), 2);
	const groups = byName(section('group'), 2);
	return {
		files: readFiles(section('files'), section('digests'), section('texts'), ownerNames(users), ownerNames(groups)),
		units: readUnits(section('units')),
		ports: (['tcp', 'tcp6', 'udp', 'udp6'] as const).flatMap((protocol) => readPorts(protocol, section(protocol))).toSorted(),
		users,
		groups,
		packages: readPackages(section('packages')),
		addresses: readAddresses(section('fib_trie'), section('route'), section('if_inet6')),
	};
}

/** The texts come last, and may hold anything. */
function splitSections(text: string): ReadonlyMap<string, string> {
	const sections = new Map<string, string>();
	let rest = text;
	while (rest.startsWith(separator)) {
		const name = rest.slice(1, rest.indexOf('\n'));
		const body = rest.slice(rest.indexOf('\n') + 1);
		const end = name === 'texts' ? -1 : body.indexOf(separator);
		sections.set(name, end < 0 ? body : body.slice(0, end));
		rest = end < 0 ? '' : body.slice(end);
	}
	return sections;
}

/** Lines of passwd(5) and group(5): the name, the rest without the password. */
const byName = (text: string, skipped: number): Record<string, string> =>
	Object.fromEntries(
		text
			.split('\n')
			.map((line) => line.split(':'))
			.flatMap(([name, ...fields]) => (name ? [[name, fields.slice(skipped - 1).join(':')]] : [])),
	);

/** Names by number. */
const ownerNames = (accounts: Readonly<Record<string, string>>): ReadonlyMap<string, string> =>
	new Map(Object.entries(accounts).map(([name, fields]) => [fields.split(':')[0] ?? '', name]));

/**
 * Files whose content is not compared: users and groups are compared by themselves, and salts differ after every change
 * of a password, even to what it was.
 */
const reportedOtherwise = new Set(['/etc/passwd', '/etc/group', '/etc/shadow', '/etc/gshadow']);

function readFiles(
	list: string,
	digestList: string,
	textList: string,
	users: ReadonlyMap<string, string>,
	groups: ReadonlyMap<string, string>,
): Record<string, SnapshotFile> {
	const digests = new Map(digestList.split('\0').map((line) => [line.slice(34), line.slice(0, 32)]));
	const texts = new Map(inTuples(textList.split('\0'), 2).map(([path = '', text = '']) => [path, text]));
	const files: Record<string, SnapshotFile> = {};
	for (const [attributes = '', path = '', target = ''] of inTuples(list.split('\0'), 3)) {
		const [type = '', mode = '', owner = '', size = ''] = attributes.split(' ');
		const [uid = '', gid = ''] = owner.split(':');
		const isCompared = type === 'f' && !reportedOtherwise.has(path);
		const digest = isCompared ? digests.get(path) : undefined;
		const text = isCompared ? texts.get(path) : undefined;
		files[path] = {
			type,
			mode,
			owner: `${users.get(uid) ?? uid}:${groups.get(gid) ?? gid}`,
			size: isCompared ? Number(size) : 0,
			...(type === 'l' ? { target } : {}),
			...(digest === undefined ? {} : { digest }),
			...(text === undefined ? {} : { text }),
		};
	}
	return files;
}

/** Consecutive fields in groups; what is left over at the end is not one. */
const inTuples = (fields: readonly string[], size: number): string[][] =>
	Array.from({ length: Math.floor(fields.length / size) }, (_none, index) => fields.slice(index * size, (index + 1) * size));

/**
 * What comes and goes with those who look, or is this tool's own (cloud-init among it, which later boots do without);
 * devices, slices and scopes are nobody's doing.
 */
const passingUnits = /^(?:startup-.*|rehearse-.*|cloud-.*|session-.*|user@.*|user-runtime-dir@.*|run-.*|systemd-(?:hostnamed|localed|timedated)\.service)$/;
const reportedUnits = /\.(?:service|socket|timer|mount|path|target|swap)$/;

/** Lines of `systemctl list-units --plain`: unit, load state, active state, sub state, description. */
function readUnits(text: string): Record<string, string> {
	const units: Record<string, string> = {};
	for (const line of text.split('\n')) {
		const [name = '', , active = '', sub = ''] = line.trim().split(/\s+/);
		const state = unitState(active, sub);
		if (state && reportedUnits.test(name) && !passingUnits.test(name)) units[name] = state;
	}
	return units;
}

function unitState(active: string, sub: string): string | undefined {
	if (sub === 'auto-restart' || sub === 'auto-restart-queued') return 'ended, to be restarted';
	const states: Readonly<Record<string, string>> = {
		active: 'active',
		reloading: 'active',
		refreshing: 'active',
		failed: 'failed',
		activating: 'starting',
		deactivating: 'stopping',
	};
	return states[active];
}

/** Paragraphs of dpkg's status file, of which the guest sends three fields only. */
function readPackages(text: string): Record<string, string> {
	const packages: Record<string, string> = {};
	for (const paragraph of text.split(/^Package: /m)) {
		const [name = ''] = paragraph.split('\n');
		const version = /^Version: (.*)$/m.exec(paragraph)?.[1];
		if (version !== undefined && /^Status: .* installed$/m.test(paragraph)) packages[name] = version;
	}
	return packages;
}
