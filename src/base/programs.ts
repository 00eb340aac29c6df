/**
 * The system programs that the tool starts, and the Debian or Ubuntu package of each. Three readers use this table: the
 * error for a missing program, `doctor`, and `bin/setup`. A test compares the list of `bin/setup` with it.
 */

const packages = {
	'bsdtar': 'libarchive-tools',
	'dnsmasq': 'dnsmasq-base',
	// mmdebstrap uses it to find the keyring of a foreign release.
	'gpg': 'gpg',
	'ip': 'iproute2',
	'mke2fs': 'e2fsprogs',
	'mmdebstrap': 'mmdebstrap',
	'mount': 'mount',
	'newgidmap': 'uidmap',
	'newuidmap': 'uidmap',
	'nsenter': 'util-linux',
	'perl': 'perl-base',
	'qemu-img': 'qemu-utils',
	'qemu-system-x86_64': 'qemu-system-x86',
	'ssh': 'openssh-client',
	'ssh-keygen': 'openssh-client',
	'umount': 'mount',
	'unshare': 'util-linux',
} as const satisfies Record<string, string>;

/** What only ISOs need, as above; no host is asked for it before somebody wants one. */
const isoPackages = {
	'grub-mkimage': 'grub-common',
	'mcopy': 'mtools',
	'mformat': 'mtools',
	'mksquashfs': 'squashfs-tools',
	'mmd': 'mtools',
	'xorriso': 'xorriso',
} as const satisfies Record<string, string>;

/** UEFI for QEMU: what an ISO is booted with, not made. */
export const ovmfFile = '/usr/share/OVMF/OVMF_CODE_4M.fd';

/** Files that ISOs are made of or booted with, with the packages that bring them. */
export const isoFiles: readonly { readonly file: string; readonly package: string }[] = [
	{ file: '/usr/lib/grub/i386-pc/boot_hybrid.img', package: 'grub-pc-bin' },
	{ file: '/usr/lib/grub/x86_64-efi/moddep.lst', package: 'grub-efi-amd64-bin' },
	{ file: ovmfFile, package: 'ovmf' },
];

/** A program whose package is in the table. */

/** The package that contains a program, by the program's bare name; `undefined` for a program that is not in the table. */
export const packageOf = (program: string): string | undefined => {
	const all: Readonly<Record<string, string>> = { ...packages, ...isoPackages };
	return Object.hasOwn(all, program) ? all[program] : undefined;
};

/** The programs that only ISOs need, with their packages. */
export const isoPrograms = (): readonly { readonly program: string; readonly package: string }[] =>
	Object.entries(isoPackages).map(([program, debianPackage]) => ({ program, package: debianPackage }));

/** Every known program with its package. */
export const knownPrograms = (): readonly { readonly program: string; readonly package: string }[] =>
	Object.entries(packages).map(([program, debianPackage]) => ({ program, package: debianPackage }));
