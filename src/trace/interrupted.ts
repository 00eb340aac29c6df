/** Long commands of a trace, which the shell writes in several parts: another process of a pipeline may write in between. */

/** All parts but the last are whole blocks of this size. */
const blockBytes = 4096;

/** What a program complains with is no rest of a command. */
const messages = /^(?:[^\s:]+: [^\n]*\n)*/;

/** Whether the text behind the beginning of a record may be only the first part of its command. */
export const isInterrupted = (head: string, body: string): boolean =>
	body.length > 1000 && !body.includes('\n') && Buffer.byteLength(head + body) % blockBytes === 0;

/** So many records further on its rest is looked for. */
const furthestRest = 64;

/** Takes the rest of a command from behind those that interrupted it, as long as these are whole. */
export function joinParts(bodies: string[], index: number, lengthOf: (body: string) => number): void {
	let joined = bodies[index] ?? '';
	for (let next = index + 1; next < bodies.length && next <= index + furthestRest && !joined.includes('\n'); next++) {
		const between = bodies[next] ?? '';
		const whole = between.slice(0, lengthOf(between) + 1);
		if (!whole.endsWith('\n')) return;
		const [own = ''] = messages.exec(between.slice(whole.length)) ?? [];
		const rest = between.slice(whole.length + own.length);
		if (rest === '') continue;
		joined += rest;
		const length = lengthOf(joined) + 1;
		bodies[index] = joined.slice(0, length);
		bodies[next] = whole + own + joined.slice(length);
	}
}
