import { Duplex, PassThrough } from 'node:stream';

/**
 * Joins two streams: what one reads the other writes, each direction with its own end, as TCP has it. Resolves when both
 * are over; a fault of one ends the other. Never rejects.
 */
export function joinStreams(one: Duplex, other: Duplex): Promise<void> {
	const closed = (stream: Duplex) =>
		new Promise<void>((resolve) => (stream.destroyed ? resolve() : stream.once('close', resolve)));
	const both = Promise.all([closed(one), closed(other)]);
	// One that was closed before would never say so again.
	if (one.destroyed || other.destroyed) {
		one.destroy();
		other.destroy();
		return both.then(() => undefined);
	}
	for (const [from, to] of [[one, other], [other, one]] as const) {
		from.on('error', () => to.destroy());
		from.once('close', () => {
			// Closed without an end: the connection was lost.
			if (!from.readableEnded) to.destroy();
		});
		from.pipe(to);
	}
	return both.then(() => undefined);
}

/** Two ends of a line: what is written to one is read from the other. */
export function duplexPair(): [Duplex, Duplex] {
	const [there, back] = [new PassThrough(), new PassThrough()];
	const end = (readable: PassThrough, writable: PassThrough) => Duplex.from({ readable, writable });
	return [end(there, back), end(back, there)];
}
