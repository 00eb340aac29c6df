/** The option of bash by which a failure in a pipeline is that of the pipeline. */

/** The name is an option's argument, whose letter may stand among others: `set -euo pipefail`. The last of them counts. */
const isSet = /^(?:builtin |command )?set .*([-+])\w*o\w* pipefail/;

/** Without one of these, `shopt` only tells what is set. */
const isShopt = /^(?:builtin |command )?shopt (?=.*-\w*o).*-\w*([su]).* pipefail/;

/** Whether the option is on behind a command, where the command says so. */
export function pipefailAfter(command: string): boolean | undefined {
	const [, sign] = isSet.exec(command) ?? isShopt.exec(command) ?? [];
	return sign === undefined ? undefined : sign === '-' || sign === 's';
}
