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
	const places = new Map(units.map((unit, index) => [unit, index]));
	/** The scripts that come after each, as far as that is known yet. */
	const followers: readonly number[][] = scripts.map(() => []);
	const follow = (index: number, other: number | undefined) => other !== undefined && followers[other]?.push(index);
	named.forEach((words, index) => words.forEach((word) => follow(index, places.get(word))));
	/** Some scripts, and all that come after one of them, directly or through others. Without recursion: there may be thousands. */
	const withFollowers = (some: readonly number[]): ReadonlySet<number> => {
		const found = new Set(some);
		for (const index of found) for (const follower of followers[index] ?? []) found.add(follower);
		return found;
	};
	const previous = scripts.map((_script, index) => {
		const after = withFollowers([index]);
		let other = index - 1;
		while (after.has(other)) other--;
		follow(index, other);
		return units.slice(Math.max(0, other), other + 1);
	});
	const late = withFollowers([...named.keys()].filter((index) => named[index]?.some((word) => bootEnds.includes(word))));
	return named.map((words, index) => ({
		named: words,
		others: [...(late.has(index) && !words.includes(bootEnd) ? [bootEnd] : []), ...(previous[index] ?? [])].filter((unit) => !words.includes(unit)),
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
