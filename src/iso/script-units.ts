/** Startup scripts as units of systemd that run at every boot. Pure. */
import type { StartupScript } from '../lab/lab.js';
import { scriptUnit } from '../lab/script-unit.js';

/** What the unit of a script comes after. */
export interface ScriptOrder {
	/** Units that the script names, which it wants too. */
	readonly named: readonly string[];
	/** Others, for the order alone. */
	readonly others: readonly string[];
}

/** multi-user.target, and what comes after it. It waits for all that it wants, unless that comes after it by its own unit file. */
const bootEnd = 'multi-user.target';
const bootEnds: readonly string[] = [bootEnd, 'graphical.target', 'default.target'];

/**
 * What the unit of each script comes after: the units that the script names, and the nearest script before it that does not
 * come after this one itself. systemd drops a unit of a circle, and a script with it, so there is none: whatever follows a
 * script that comes after the end of the boot does so too.
 */
export function ordersOf(scripts: readonly Pick<StartupScript, 'name' | 'after'>[]): readonly ScriptOrder[] {
	const named = scripts.map(({ after }) => after.split(/\s+/).filter((word) => word !== ''));
	const units = scripts.map(({ name }) => scriptUnit(name));
	const before = named.map((words) => words.map((word) => units.indexOf(word)).filter((index) => index >= 0));
	const found = (from: number, is: (index: number) => boolean, seen = new Set<number>()): boolean => {
		if (seen.has(from)) return false;
		seen.add(from);
		return is(from) || (before[from] ?? []).some((index) => found(index, is, seen));
	};
	const previous = scripts.map((_script, index) => {
		for (let other = index - 1; other >= 0; other--) {
			if (found(other, (reached) => reached === index)) continue;
			before[index]?.push(other);
			return [units[other] ?? ''];
		}
		return [];
	});
	const isLate = (index: number) => found(index, (reached) => (named[reached] ?? []).some((word) => bootEnds.includes(word)));
	return named.map((words, index) => ({
		named: words,
		others: [...(isLate(index) && !words.includes(bootEnd) ? [bootEnd] : []), ...(previous[index] ?? [])].filter((unit) => !words.includes(unit)),
	}));
}

/** The text of a script's unit. @param file where the script lies */
export function unitText({ name, text, timeoutSeconds, isTimeOfRun }: StartupScript, file: string, { named, others }: ScriptOrder): string {
	const lines = [
		'[Unit]',
		`Description=Startup script ${name}`,
		...(named.length === 0 ? [] : [`Wants=${named.join(' ')}`, `After=${named.join(' ')}`]),
		...others.map((unit) => `After=${unit}`),
		'',
		'[Service]',
		'Type=oneshot',
		'RemainAfterExit=yes',
		// What names no interpreter the kernel does not start.
		`ExecStart=${text.startsWith('#!') ? '' : '/bin/bash '}${file}`,
		// systemd has no limit of its own for a oneshot unit (systemd.service(5)), and OpenFactory documents none.
		...(timeoutSeconds === undefined || isTimeOfRun ? [] : [`TimeoutStartSec=${Math.ceil(timeoutSeconds)}`]),
		'StandardOutput=journal+console',
		'',
		'[Install]',
		`WantedBy=${bootEnd}`,
	];
	return lines.map((line) => `${line}\n`).join('');
}
