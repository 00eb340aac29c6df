/** The option of bash by which a failure in a pipeline is that of the pipeline. */

import type { ShellProcess } from './shell-process.js';
import type { TraceRecord } from './stream.js';

/** The name is an option's argument, whose letter may stand among others: `set -euo pipefail`. The last of them counts. */
const isSet = /^(?:builtin |command )?set .*([-+])\w*o\w* pipefail/;

/** Without one of these, `shopt` only tells what is set. */
const isShopt = /^(?:builtin |command )?shopt (?=.*-\w*o).*-\w*([su]).* pipefail/;

/** Whether the option is on behind a command, where the command says so. */
function pipefailAfter(command: string): boolean | undefined {
	const [, sign] = isSet.exec(command) ?? isShopt.exec(command) ?? [];
	return sign === undefined ? undefined : sign === '-' || sign === 's';
}

/** A function has the options that it sets for itself. */
const keepsOptions = /^local (?:.* )?-(?: |$)/;

/** Notes what a command changes of the options of its process. */
export function noteOptions(process: ShellProcess, record: TraceRecord): void {
	const { isPipefail } = process;
	if (keepsOptions.test(record.command)) process.keptOptions.push({ depth: process.depthOf(record), isPipefail });
	process.isPipefail = pipefailAfter(record.command) ?? isPipefail;
}
