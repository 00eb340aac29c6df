/** Programs that are better off without transparent huge pages. */
import type { Argv } from './run.js';

/** prctl's number (arch/x86/entry/syscalls/syscall_64.tbl and include/uapi/asm-generic/unistd.h of Linux), by Node's name. */
const prctl: Partial<Record<NodeJS.Architecture, number>> = { x64: 157, arm64: 167 };

/** PR_SET_THP_DISABLE (linux/prctl.h). */
const disableHugePages = 41;

const program = `syscall(0 + shift, ${disableHugePages}, 1, 0, 0, 0); exec { $ARGV[0] } @ARGV or die "$ARGV[0]: $!\\n"`;

/**
 * The command that turns transparent huge pages off for itself and becomes `argv`: the kernel then clears memory by the
 * page that is used, not 2 MiB at a time. It is about speed alone: where it cannot be done, nothing happens.
 */
export function withoutHugePages(argv: Argv, architecture: NodeJS.Architecture = process.arch): Argv {
	const number = prctl[architecture];
	return number === undefined ? argv : ['perl', '-e', program, String(number), ...argv];
}
