/**
 * The root disk of the outer machine: Debian with QEMU, built without root and kept, so that a bed that was built once needs
 * no network any more.
 */
import { chmod, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { isThere } from '../../src/base/files.js';
import { contentKey } from '../../src/base/hash.js';
import { findMirror, proxyOptions } from '../../src/image/mirror.js';
import { run } from '../../src/process/run.js';
import { inUserNamespace, readSubordinateRanges } from '../../src/process/user-namespace.js';

/** What the outer machine is booted from, and what it is logged into with. */
export interface BaseDisk {
	readonly rootFile: string;
	readonly kernelFile: string;
	readonly initrdFile: string;
	/** The private half of the key that root and the ordinary user of the outer machine let in. */
	readonly keyFile: string;
	readonly knownHostsFile: string;
}

const suite = 'trixie';

/** The cloud kernel has no kvm modules. npm would bring hundreds of packages, and the checkout is built already. */
const packages = [
	...['systemd-sysv', 'udev', 'linux-image-amd64', 'zstd', 'iproute2', 'openssh-server', 'procps', 'kmod', 'dbus'],
	...['qemu-system-x86', 'qemu-utils', 'dnsmasq-base', 'mmdebstrap', 'uidmap', 'e2fsprogs', 'libarchive-tools', 'nodejs'],
	...['openssh-client', 'perl', 'gpg', 'debian-archive-keyring'],
];

/** The ordinary user of the outer machine. */
export const ordinaryUser = 'tester';

/** What the outer machine's host key is known by, whatever its port is. */
export const hostKeyAlias = 'kvm-bed';

/** Runs with the tree of files as $1 and the public key as $2. */
const customize = `
set -eu
root=$1
for home in "$root/root" "$root/home/${ordinaryUser}"; do
	[ "$home" = "$root/root" ] || chroot "$root" useradd --create-home --shell /bin/bash ${ordinaryUser}
	mkdir -p -m 0700 "$home/.ssh"
	cp "$2" "$home/.ssh/authorized_keys"
done
chroot "$root" chown -R ${ordinaryUser}: /home/${ordinaryUser}
for file in subuid subgid; do
	printf '%s\\n' root:100000:65536 ${ordinaryUser}:200000:65536 >"$root/etc/$file"
done
echo kvm-bed >"$root/etc/hostname"
printf '127.0.0.1 localhost kvm-bed\\n' >"$root/etc/hosts"
mkdir "$root/bed"
printf 'LABEL=bed-work /bed ext4 defaults 0 0\\n' >"$root/etc/fstab"
printf '[Match]\\nName=en*\\n[Network]\\nDHCP=ipv4\\n' >"$root/etc/systemd/network/bed.network"
printf 'UseDNS no\\nMaxSessions 50\\n' >"$root/etc/ssh/sshd_config.d/bed.conf"
chroot "$root" systemctl enable systemd-networkd ssh
chroot "$root" systemctl mask apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer fstrim.timer
`;

/** Makes the files of the tar archive $1 in the directory $2, with a tree of its files in $3. */
const unpack = `
set -eu
archive=$1 into=$2 tree=$3
mkdir "$tree"
tar --extract --file="$archive" --directory="$tree" --numeric-owner --xattrs --xattrs-include='*' --exclude='./dev/*'
cp "$tree"/boot/vmlinuz-* "$into/vmlinuz"
cp "$tree"/boot/initrd.img-* "$into/initrd"
printf '${hostKeyAlias} %s\\n' "$(cut -d ' ' -f 1,2 "$tree/etc/ssh/ssh_host_ed25519_key.pub")" >"$into/known_hosts"
truncate --size=6G "$into/root.img"
mke2fs -q -t ext4 -L bed-root -d "$tree" "$into/root.img"
chmod 0644 "$into"/vmlinuz "$into"/initrd "$into"/root.img "$into"/known_hosts
`;

const filesIn = (directory: string): BaseDisk => ({
	rootFile: path.join(directory, 'root.img'),
	kernelFile: path.join(directory, 'vmlinuz'),
	initrdFile: path.join(directory, 'initrd'),
	keyFile: path.join(directory, 'key'),
	knownHostsFile: path.join(directory, 'known_hosts'),
});

/** The disk, built into `cache` where it is not there yet, which takes two minutes and a Debian mirror. */
export async function provideBaseDisk(cache: string, print: (text: string) => void): Promise<BaseDisk> {
	const directory = path.join(cache, `base-${contentKey({ suite, packages, customize, unpack })}`);
	if (await isThere(directory)) return filesIn(directory);
	print('building the root disk of the outer machine (once)');
	const ranges = await readSubordinateRanges();
	const building = `${directory}.partial`;
	await rm(building, { recursive: true, force: true });
	await mkdir(building, { recursive: true });
	// mmdebstrap works as a subordinate user, who must be able to come and write here.
	const scratch = await mkdtemp('/var/tmp/kvm-bed-');
	await chmod(scratch, 0o1777);
	try {
		const files = filesIn(building);
		await run(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', 'kvm-bed', '-f', files.keyFile]);
		const publicKey = path.join(scratch, 'key.pub');
		await writeFile(publicKey, await readFile(`${files.keyFile}.pub`), { mode: 0o644 });
		await writeFile(path.join(scratch, 'customize.sh'), customize, { mode: 0o644 });
		const mirror = await findMirror(undefined);
		const { uri } = mirror;
		const archive = path.join(scratch, 'root.tar');
		await run(
			[
				...(['mmdebstrap', '--mode=unshare', '--variant=apt', '--format=tar', `--include=${packages.join(',')}`] as const),
				'--aptopt=Apt::Install-Recommends "false"',
				...proxyOptions(mirror),
				`--customize-hook=sh ${scratch}/customize.sh "$1" ${publicKey}`,
				...[suite, archive, ...(uri ? [uri] : [])],
			],
			{ env: { TMPDIR: scratch } },
		);
		await run(inUserNamespace(ranges, ['sh', '-c', unpack, 'sh', archive, building, path.join(scratch, 'tree')]));
		await rename(building, directory);
	} finally {
		await run(inUserNamespace(ranges, ['rm', '-rf', scratch]));
		await rm(building, { recursive: true, force: true });
	}
	return filesIn(directory);
}
