/** What is in the file system of an image, to be compared with another's. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { sha256 } from '../../../src/base/hash.js';
import { run } from '../../../src/process/run.js';
import { inUserNamespace, readSubordinateRanges } from '../../../src/process/user-namespace.js';

/** By path: type, mode, owner and group by name, and the digest of the content or the target of a link. */
export type ImageTree = ReadonlyMap<string, string>;

// What two builds of the same packages may differ in, however they were made.

/**
 * The order of what is a set: the databases of dpkg, apt and debconf, and the accounts, with the numbers that packages have
 * handed out one after the other and, in shadow, the day.
 */
const sets = /^(?:etc\/(?:passwd|group|gshadow|shadow|shells)|var\/lib\/dpkg\/(?:status|statoverride|triggers\/\w+)|var\/lib\/apt\/extended_states|var\/cache\/debconf\/\w+\.dat)$/;

/** What packages make of their own: a certificate, a database cluster, with a key, a number and times. */
const unique = /^(?:etc\/ssl\/(?:certs|private)\/ssl-cert-snakeoil\.\w+|var\/lib\/postgresql\/\d+\/main\/(?:global\/pg_control|pg_stat\/.*|pg_wal\/\d.*))$/;

/** What is left of an earlier state, logs, and the initial ramdisk with its digest: an archive with times, whose files are compared. */
const excepted = /^(?:etc\/\w+-|var\/lib\/dpkg\/\w+-old|var\/cache\/debconf\/\w+\.dat-old|var\/log\/.*\.log|boot\/initrd\.img-.*|var\/lib\/initramfs-tools\/.*)$/;

/** Takes the image $1 apart in the directory $2; runs as mapped root. */
const takeApart = `
set -eu
mkdir "$2"
debugfs -R "rdump / $2" "$1" 2>"$2.errors"
cd "$2"
rm -rf lost+found
find . -mindepth 1 -printf '%P\\t%y\\t%m\\t%U\\t%G\\t%l\\n' >"$2.files"
find . -type f -exec sha256sum -b {} + >"$2.digests"
list() { bsdtar -cf - --format=mtree --options='!all,type,mode,uid,gid,link,sha256' "@$1"; }
initrd=$(ls boot/initrd.img-*)
list "$initrd" >"$2.initrd"
# From trixie on the modules are an archive of their own before the rest, which bsdtar does not go on to.
end=$(grep -abo 'TRAILER!!!' "$initrd" | head -n 1 | cut -d: -f1)
[ -z "$end" ] || tail -c "+$(((end + 11 + 511) / 512 * 512 + 1))" "$initrd" | list - >>"$2.initrd"
`;

/** Reads an image's tree. `scratch` is a new name in a directory of this user's; what is there afterwards is removed by `removeScratch`. */
export async function readImageTree(rootFile: string, scratch: string): Promise<ImageTree> {
	await run(inUserNamespace(await readSubordinateRanges(), ['sh', '-c', takeApart, 'sh', rootFile, scratch]));
	const lines = async (file: string) => (await readFile(file, 'utf8')).split('\n').filter((line) => line !== '');
	const accounts = async (name: string) => new Map((await lines(path.join(scratch, 'etc', name))).map((line) => [line.split(':')[2] ?? '', line.split(':')[0] ?? '']));
	const [users, groups] = [await accounts('passwd'), await accounts('group')];
	const digests = new Map((await lines(`${scratch}.digests`)).map((line) => [line.slice(66).replace(/^\.\//, ''), line.slice(0, 64)]));
	const tree = new Map<string, string>();
	for (const line of await lines(`${scratch}.files`)) {
		const [file = '', type = '', mode = '', uid = '', gid = '', target = ''] = line.split('\t');
		if (excepted.test(file)) continue;
		const content = unique.test(file) ? 'unique' : sets.test(file)
			? sha256(asSet(file, await readFile(path.join(scratch, file), 'utf8'), groups))
			: digests.get(file) ?? target;
		tree.set(file, [type, mode, users.get(uid) ?? uid, groups.get(gid) ?? gid, content].join(' '));
	}
	for (const line of await lines(`${scratch}.initrd`)) if (line.startsWith('./')) tree.set(`initrd: ${line.split(' ')[0]}`, line);
	return tree;
}

/** The entries of a file whose order means nothing, sorted, without the numbers of accounts. */
function asSet(file: string, text: string, groups: ReadonlyMap<string, string>): string {
	const lines = text.split('\n').map((line) => {
		const fields = line.split(':');
		if (file === 'etc/passwd') return [fields[0], groups.get(fields[3] ?? ''), ...fields.slice(4)].join(':');
		if (file === 'etc/group' || file === 'etc/shadow') return [...fields.slice(0, 2), ...fields.slice(3)].join(':');
		return line;
	});
	// A database has paragraphs, the others have lines.
	const separator = text.includes('\n\n') ? '\n\n' : '\n';
	return lines.join('\n').split(separator).filter((entry) => entry.trim() !== '').sort().join(separator);
}

/** The lines that two trees do not have in common: the path, and what the one and the other has there. */
export function differences(one: ImageTree, other: ImageTree): readonly string[] {
	const paths = [...new Set([...one.keys(), ...other.keys()])].sort();
	return paths.filter((file) => one.get(file) !== other.get(file)).map((file) => `${file}: ${one.get(file) ?? 'missing'} · ${other.get(file) ?? 'missing'}`);
}

/** Removes what was taken apart. */
export const removeScratch = async (scratch: string): Promise<void> =>
	void (await run(inUserNamespace(await readSubordinateRanges(), ['rm', '-rf', scratch, `${scratch}.errors`, `${scratch}.files`, `${scratch}.digests`, `${scratch}.initrd`])));
