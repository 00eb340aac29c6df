/** What others than a startup script have to say of its end: the kernel, its disk, and words that tell of want. */
import { oneLine } from '../base/format.js';
import type { ScriptOutcome } from '../lab/events.js';
import type { ScriptTrace } from '../lab/trace.js';

/** What is known of a script that has ended. */
interface Ended {
	readonly status: ScriptOutcome['status'];
	readonly exitCode?: number;
	/** The kernel's own words meanwhile. */
	readonly kernel?: readonly string[];
	/** Sentences about file systems without room. */
	readonly full?: readonly string[];
}

/** Words of errno(3) that tell of want, and how runtimes put them; a script's output has more behind them, often. */
const wants = /No space left on device|ENOSPC|Disk quota exceeded|Cannot allocate memory|ENOMEM|\bMemoryError\b|Out of memory|Too many open files|Resource temporarily unavailable/i;

const maximumLength = 300;

/** A command that waits for units to start. */
const startsUnits = /\bsystemctl\b.*\b(?:(?:re)?start|isolate|enable\b.*--now|--now\b.*\benable|is-system-running\b.*--wait|--wait\b.*\bis-system-running)\b/;

/** That a startup script is a part of the boot, which ends behind it. */
const waitsForBoot = 'a startup script is part of the boot: multi-user.target, and every unit that comes after it, waits for the end of this script';

/** The status of a process that was killed: 128 and SIGKILL's number. */
const killedStatus = 137;

/** A sentence each, most telling first; none of what is plain from the script's own last words. */
export function reasonsFor({ status, exitCode, kernel = [], full = [] }: Ended, { output, trace }: { readonly output: string; readonly trace: ScriptTrace }): string[] {
	const reasons = kernel.map((words) => `the kernel: ${oneLine(words)}`);
	if (status === 'passed') return kept(reasons);
	const killed = trace.steps.findLast((step) => step.status === killedStatus);
	if (killed && killed.fate !== 'failing') reasons.push(`status ${killedStatus} (SIGKILL) of ${place(killed.line)}${oneLine(killed.command)}`);
	else if (kernel.some((words) => /Killed process/.test(words)) && exitCode !== killedStatus) reasons.push(`the process that was killed had status ${killedStatus} (SIGKILL)`);
	const failing = trace.steps.find(({ fate }) => fate === 'failing');
	if (status === 'timed-out' && startsUnits.test(failing?.command ?? '')) reasons.push(waitsForBoot);
	const told = [failing?.output ?? '', output].map((text) => text.split('\n').findLast((line) => wants.test(line))).find((line) => line !== undefined);
	if (told !== undefined) reasons.push(`it was told: ${oneLine(told)}`);
	return kept([...reasons, ...full.map(oneLine)]);
}

const place = (line: number | undefined): string => (line === undefined ? '' : `line ${line}: `);

const kept = (reasons: readonly string[]): string[] => [...new Set(reasons)].slice(-10).map((reason) => reason.slice(0, maximumLength));
