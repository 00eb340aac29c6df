/** The medium around the layers: boot loaders for BIOS and UEFI, and the hybrid image. Pure: files and commands. */
import path from 'node:path';
import type { Argv } from '../process/run.js';

/** Volume identifiers have 32 characters at most (ECMA-119, 8.4.8). */
export const volumeLabel = (node: string): string => node.slice(0, 32);

/** Of the kernel's own parameters only those that have it speak: on a screen and on the first serial line. */
const kernelLine = 'boot=live console=tty0 console=ttyS0,115200';

/**
 * GRUB's menu; the second entry is for those who add a file system labelled `persistence` (persistence.conf(5)). GRUB shows as
 * many words of an entry as one line of 80 columns has room for: whoever looks for that one finds it whatever the node's name.
 */
export const grubConfig = (node: string): string => `set default=0
set timeout=1

serial --unit=0 --speed=115200
terminal_input console serial
terminal_output console serial

menuentry '${node}' {
	linux /live/vmlinuz ${kernelLine}
	initrd /live/initrd.img
}

menuentry 'persistence: ${node} keeps what it writes on the file system of that label' {
	linux /live/vmlinuz ${kernelLine} persistence
	initrd /live/initrd.img
}
`;

/** What GRUB does before it has found its menu: it finds its medium, whether that is a CD or a USB stick. */
export const earlyGrubConfig = (node: string): string => `search --no-floppy --set=root --label ${volumeLabel(node)}
set prefix=($root)/boot/grub
`;

/** What GRUB needs to find the medium and to show its menu there and on a serial line. */
const commonModules = [
	...['normal', 'iso9660', 'part_gpt', 'part_msdos', 'configfile', 'linux', 'search', 'search_label'],
	...['serial', 'terminal', 'test', 'echo'],
];

/** Where the parts of a medium are made. */
export interface MediumFiles {
	readonly earlyConfig: string;
	readonly biosImage: string;
	readonly efiProgram: string;
	readonly efiImage: string;
	readonly grubConfig: string;
}

/** The parts of a medium in a directory. */
export const mediumFiles = (directory: string): MediumFiles => ({
	earlyConfig: path.join(directory, 'early.cfg'),
	biosImage: path.join(directory, 'eltorito.img'),
	efiProgram: path.join(directory, 'bootx64.efi'),
	efiImage: path.join(directory, 'efi.img'),
	grubConfig: path.join(directory, 'grub.cfg'),
});

const grubImage = (format: string, files: MediumFiles, output: string, modules: readonly string[]): Argv => [
	...(['grub-mkimage', '-O', format, '-p', '/boot/grub', '-c', files.earlyConfig, '-o', output] as const),
	...modules,
	...commonModules,
];

/** The commands that make the boot loaders of the configuration that lies in `files`, to be run one after another. */
export const bootLoaderCommands = (files: MediumFiles): readonly Argv[] => [
	grubImage('i386-pc-eltorito', files, files.biosImage, ['biosdisk']),
	grubImage('x86_64-efi', files, files.efiProgram, ['fat', 'efi_gop']),
	// A file system for the firmware; a fixed serial number, or each would have one of its own.
	['mformat', '-i', files.efiImage, '-C', '-f', '2880', '-N', '0xcafecafe', '-v', 'EFI', '::'],
	['mmd', '-i', files.efiImage, '::EFI', '::EFI/BOOT'],
	['mcopy', '-i', files.efiImage, files.efiProgram, '::EFI/BOOT/BOOTX64.EFI'],
];

/** What GRUB puts before an image, so that it boots from a USB stick under BIOS. */
const hybridBoot = '/usr/lib/grub/i386-pc/boot_hybrid.img';

/** The type of an EFI system partition (UEFI Specification, 5.3.3). */
const efiPartition = 'C12A7328-F81F-11D2-BA4B-00A0C93EC93B';

export interface MediumRequest {
	readonly node: string;
	readonly files: MediumFiles;
	/** What lies in `live/` on the medium, by name. */
	readonly live: Readonly<Record<string, string>>;
	/** Seconds since 1970. */
	readonly epoch: number;
	readonly output: string;
}

/** The command that writes the medium: El Torito for CDs, a GPT for USB sticks, each for BIOS and UEFI. */
export function xorrisoArgv({ node, files, live, epoch, output }: MediumRequest): Argv {
	const places = {
		'boot/grub/i386-pc/eltorito.img': files.biosImage,
		'boot/grub/grub.cfg': files.grubConfig,
		...Object.fromEntries(Object.entries(live).map(([name, file]) => [`live/${name}`, file])),
	};
	return [
		...(['xorriso', '-as', 'mkisofs', '-quiet', '-V', volumeLabel(node)] as const),
		// Everything is root's and readable (-r), whatever the umask here; every time is the same.
		...['-r', '--set_all_file_dates', isoDate(epoch), '-o', output],
		...['-b', 'boot/grub/i386-pc/eltorito.img', '-no-emul-boot', '-boot-load-size', '4', '-boot-info-table'],
		...['--grub2-boot-info', '--grub2-mbr', hybridBoot, '--mbr-force-bootable'],
		// The firmware's file system lies behind the other and is a partition of its own, which UEFI looks for on a stick; a CD
		// has it by El Torito.
		...['-append_partition', '2', efiPartition, files.efiImage, '-appended_part_as_gpt', '-partition_offset', '16'],
		...[`--modification-date=${isoDate(epoch)}`, '--gpt_disk_guid', 'modification-date'],
		...['-eltorito-alt-boot', '-e', '--interval:appended_partition_2:all::', '-no-emul-boot'],
		'-graft-points',
		...Object.entries(places).map(([place, file]) => `${place}=${graftSource(file)}`),
	];
}

/** In a graft point only the first equals sign divides; a backslash has to be doubled. */
const graftSource = (file: string): string => file.replaceAll('\\', '\\\\');

/** `2026111209302000`, with hundredths of a second, in UTC. */
const isoDate = (epoch: number): string => `${new Date(epoch * 1000).toISOString().replace(/\D/g, '').slice(0, 14)}00`;
