/**
 * Whether a service has been up for long enough: one that crashes and is restarted again and again is up at most
 * moments too.
 */
import { formatMs, oneLine } from '../base/format.js';
import { quote } from '../base/shell.js';
import type { GuestCommands, Limits } from '../machine/command-channel.js';
import { expected, type Look } from './check.js';

/** For how long a service has to have been up before it counts as running, in milliseconds of the guest's clock. */
const holdMs = 3000;

/**
 * A judgement of something that is as expected, since `ageMs`: it passes once it has been so for long enough. Where it has
 * not, whoever looks again in `holdsInMs` sees whether it still is.
 */
export function heldFor(ageMs: number | undefined, what: string, saw: string): Omit<Look, 'output'> {
	if (ageMs === undefined || !(ageMs < holdMs)) return { passed: true, message: `expected ${what}, saw ${saw}` };
	// What is seen differs at each look by its age alone.
	return { ...expected(what, `${saw}, for ${formatMs(Math.max(0, ageMs))} only`), holdsInMs: holdMs - Math.max(0, ageMs) };
}

/** The owner of a socket. */
export interface Owner {
	readonly ageMs: number;
	/** Its systemd unit, where it has one. */
	readonly unit?: string;
}

/**
 * The process that has had a socket for the longest time, by the second part of what `listSockets` prints.
 * @param isMeant whether a socket counts, by its local address and port
 */
export function oldestOwner(text: string, isMeant: (local: string) => boolean = () => true): Owner | undefined {
	const owners = text.split('\n').flatMap((line): Owner[] => {
		const [, uptime, start, local = '', group = ''] = /^(\d+(?:\.\d+)?) (\d+) (\S+) (.*)$/.exec(line) ?? [];
		if (uptime === undefined || !isMeant(local)) return [];
		const unit = /([^/]+\.service)(?:\/|$)/.exec(group)?.[1];
		return [{ ageMs: Number(uptime) * 1000 - Number(start) * 10, ...(unit === undefined ? {} : { unit }) }];
	});
	return owners.reduce<Owner | undefined>((oldest, owner) => (oldest && oldest.ageMs >= owner.ageMs ? oldest : owner), undefined);
}

/** At most this many units are reported: a lab in which more are restarted has another problem. */
const reportedUnits = 10;

/** A command that prints units, a line each, with the last message of each behind. */
const lastMessages = (units: readonly string[]): string =>
	`for unit in ${units.map(quote).join(' ')}; do echo "$unit $(journalctl --boot --quiet --no-pager --output=cat --lines=1 _SYSTEMD_UNIT="$unit")"; done`;

/**
 * Reports services that systemd has restarted by itself since anybody else started them: a sentence each, with the last
 * message of the unit. The journal is only read where there are some; where it has nothing, or takes too long, they are
 * reported without it.
 */
export async function restartsOn(guest: GuestCommands, limits: Limits): Promise<string[]> {
	const restarts = [...(await guest.listRestarts(limits))].slice(0, reportedUnits);
	if (restarts.length === 0) return [];
	const { stdout } = await guest.run(lastMessages(restarts.map(([unit]) => unit)), limits).catch(() => ({ stdout: '' }));
	return restartSentences(restarts, stdout);
}

/** @param restarts units, each with how often it was restarted @param messages what `lastMessages` has printed, as far as it came */
export function restartSentences(restarts: readonly (readonly [string, number])[], messages: string): string[] {
	const lines = messages.split('\n');
	return restarts.map(([unit, count]) => {
		const line = lines.find((one) => one.startsWith(`${unit} `)) ?? '';
		const times = count === 1 ? 'once' : `${count} times`;
		const message = oneLine(line.slice(unit.length + 1)).slice(0, 200);
		return `${oneLine(unit)} has ended and been restarted ${times}${message === '' ? '' : `; its last message: ${message}`}`;
	});
}
