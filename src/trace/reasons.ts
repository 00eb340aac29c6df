/** Why a startup script ended, by others than itself: the kernel, full file systems, and errors for want of a resource. */
import { oneLine } from '../base/format.js';
import type { ScriptOutcome } from '../lab/events.js';
import type { ScriptTrace } from '../lab/trace.js';

/** What is known of a script that has ended. */
interface Ended {
	readonly status: ScriptOutcome['status'];
	readonly exitCode?: number;
	/** What the kernel logged meanwhile. */
	readonly kernel?: readonly string[];
	/** Sentences about file systems without room. */
	readonly full?: readonly string[];
}

/** Errors of errno(3) for want of a resource, and their wording in runtimes; often a script's output has more behind. */
const wants = /No space left on device|ENOSPC|Disk quota exceeded|Cannot allocate memory|ENOMEM|\bMemoryError\b|Out of memory|Too many open files|Resource temporarily unavailable/i;

const maximumLength = 300;

/** A command that waits for units to start. */
const startsUnits = /\bsystemctl\b.*\b(?:(?:re)?start|isolate|enable\b.*--now|--now\b.*\benable|is-system-running\b.*--wait|--wait\b.*\bis-system-running)\b/;

/** That a startup script is a part of the boot, which ends behind it. */
const waitsForBoot = 'a startup script is part of the boot: multi-user.target, and every unit that comes after it, waits for the end of this script';

/** The status of a process that was killed: 128 and SIGKILL's number. */
const killedStatus = 137;

/** A sentence each, the likeliest cause first; none for what the script's last message shows anyway. */
export function reasonsFor({ status, exitCode, kernel = [], full = [] }: Ended, { output, trace }: { readonly output: string; readonly trace: ScriptTrace }): string[] {
	const reasons = kernel.map((line) => `the kernel: ${oneLine(line)}`);
	if (status === 'passed') return kept(reasons);
	const killed = trace.steps.findLast((step) => step.status === killedStatus);
	if (killed && killed.fate !== 'failing') reasons.push(`status ${killedStatus} (SIGKILL) of ${place(killed.line)}${oneLine(killed.command)}`);
	else if (kernel.some((line) => /Killed process/.test(line)) && exitCode !== killedStatus) reasons.push(`the process that was killed had status ${killedStatus} (SIGKILL)`);
	const failing = trace.steps.find(({ fate }) => fate === 'failing');
	if (status === 'timed-out' && startsUnits.test(failing?.command ?? '')) reasons.push(waitsForBoot);
	const reported = [failing?.output ?? '', output].map((text) => text.split('\n').findLast((line) => wants.test(line))).find((line) => line !== undefined);
	if (reported !== undefined) reasons.push(`it printed: ${oneLine(reported)}`);
	return kept([...reasons, ...full.map(oneLine)]);
}

const place = (line: number | undefined): string => (line === undefined ? '' : `line ${line}: `);

const kept = (reasons: readonly string[]): string[] => [...new Set(reasons)].slice(-10).map((reason) => reason.slice(0, maximumLength));
