import { Duplex, PassThrough } from 'node:stream';

/**
 * Connects two streams: each receives what the other sends. Each direction ends by itself, as with TCP. Resolves when both
 * streams have closed. An error of one stream closes the other. Never rejects.
 */
export function joinStreams(one: Duplex, other: Duplex): Promise<void> {
	const closed = (stream: Duplex) =>
		new Promise<void>((resolve) => (stream.destroyed ? resolve() : stream.once('close', resolve)));
	const both = Promise.all([closed(one), closed(other)]);
	// A stream that has closed already emits no further `close`.
	if (one.destroyed || other.destroyed) {
		one.destroy();
		other.destroy();
		return both.then(() => undefined);
	}
	for (const [from, to] of [[one, other], [other, one]] as const) {
		from.on('error', () => to.destroy());
		from.once('close', () => {
			// Closed before its end: the connection was lost.
			if (!from.readableEnded) to.destroy();
		});
		from.pipe(to);
	}
	return both.then(() => undefined);
}

/** A pair of connected streams: each receives what is written to the other. */
export function duplexPair(): [Duplex, Duplex] {
	const [there, back] = [new PassThrough(), new PassThrough()];
	const end = (readable: PassThrough, writable: PassThrough) => Duplex.from({ readable, writable });
	return [end(there, back), end(back, there)];
}
