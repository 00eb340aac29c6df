/** Turns off transparent huge pages for programs that run better without them. */
import type { Argv } from './run.js';

/**
 * The system call number of prctl, by Node's name of the architecture (arch/x86/entry/syscalls/syscall_64.tbl and
 * include/uapi/asm-generic/unistd.h of Linux).
 */
const prctl: Partial<Record<NodeJS.Architecture, number>> = { x64: 157, arm64: 167 };

/** PR_SET_THP_DISABLE (linux/prctl.h). */
const disableHugePages = 41;

const program = `syscall(0 + shift, ${disableHugePages}, 1, 0, 0, 0); exec { $ARGV[0] } @ARGV or die "$ARGV[0]: $!\\n"`;

/**
 * Wraps a command so that it runs without transparent huge pages. The kernel then clears memory by the page that is
 * touched, not 2 MiB at a time. This only affects speed: on an architecture that the table lacks, it returns `argv`.
 */
export function withoutHugePages(argv: Argv, architecture: NodeJS.Architecture = process.arch): Argv {
	const number = prctl[architecture];
	return number === undefined ? argv : ['perl', '-e', program, String(number), ...argv];
}
