/**
 * Whether a service has been up for long enough: one that crashes and is restarted again and again is up at most
 * moments too.
 */
import { formatMs, oneLine } from '../base/format.js';
import type { CommandResult, GuestCommands, Limits } from '../machine/command-channel.js';
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

/** The process that has had a socket for the longest time, by the second part of what `listSockets` prints. */
export function oldestOwner(text: string): Owner | undefined {
	const owners = text.split('\n').flatMap((line): Owner[] => {
		const [, uptime, start, group = ''] = /^(\d+(?:\.\d+)?) (\d+) (.*)$/.exec(line) ?? [];
		if (uptime === undefined) return [];
		const unit = /([^/]+\.service)(?:\/|$)/.exec(group)?.[1];
		return [{ ageMs: Number(uptime) * 1000 - Number(start) * 10, ...(unit === undefined ? {} : { unit }) }];
	});
	return owners.reduce<Owner | undefined>((oldest, owner) => (oldest && oldest.ageMs >= owner.ageMs ? oldest : owner), undefined);
}

/** systemd's message that it restarts a unit (sd-messages.h, SD_MESSAGE_UNIT_RESTART_SCHEDULED). */
const restartScheduled = '5eb03494b6584870a536b337290809b3';

const listRestarts = `
declare -A restarts
while read -r unit _ _ _ _ _ _ _ number; do restarts[\${unit%:}]=\${number%.}; done < <(
	journalctl --boot --quiet --no-pager --output=cat MESSAGE_ID=${restartScheduled}
)
for unit in "\${!restarts[@]}"; do
	echo "$unit \${restarts[$unit]} $(journalctl --boot --quiet --no-pager --output=cat --lines=1 _SYSTEMD_UNIT="$unit")"
done
`.trim();

/**
 * Reports services that systemd has restarted by itself since anybody else started them: a sentence each, with the last
 * message of the unit. The journal is only read where there are some.
 */
export async function restartsOn(guest: GuestCommands, limits: Limits): Promise<string[]> {
	const restarts = await guest.listRestarts(limits);
	if (restarts.size === 0) return [];
	return restartSentences(await guest.run(listRestarts, limits), [...restarts.keys()]);
}

/** At most this many units are reported: a lab in which more are restarted has another problem. */
const reportedUnits = 10;

/** Reads what `listRestarts` prints: unit, number, last message; of these units only. */
export const restartSentences = ({ stdout }: Pick<CommandResult, 'stdout'>, units: readonly string[]): string[] =>
	stdout
		.split('\n')
		.flatMap((line) => {
			const [, unit, number, logged = ''] = /^(\S+\.\w+) (\d+) ?(.*)$/.exec(line) ?? [];
			if (unit === undefined || !units.includes(unit)) return [];
			const times = number === '1' ? 'once' : `${number} times`;
			const message = oneLine(logged).slice(0, 200);
			return [`${oneLine(unit)} has ended and been restarted ${times}${message === '' ? '' : `; its last message: ${message}`}`];
		})
		.slice(0, reportedUnits);
