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

/** A program whose package is in the table. */
export type KnownProgram = keyof typeof packages;

/** The package that contains a program, by the program's bare name; `undefined` for a program that is not in the table. */
export const packageOf = (program: string): string | undefined =>
	Object.hasOwn(packages, program) ? packages[program as KnownProgram] : undefined;

/** Every known program with its package. */
export const knownPrograms = (): readonly { readonly program: string; readonly package: string }[] =>
	Object.entries(packages).map(([program, debianPackage]) => ({ program, package: debianPackage }));
