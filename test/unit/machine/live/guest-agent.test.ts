/** A guest whose agent of QEMU's is one of its own. */
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import test from 'ava';
import { GuestAgent } from '../../../../src/machine/live/guest-agent.js';

test('lines without end are told of once, and the answers between them are read', async (t) => {
	const port = new Duplex({
		read() {},
		write(chunk: Buffer, _encoding, done) {
			const { arguments: args } = JSON.parse(chunk.toString()) as { readonly arguments: { readonly id: number } };
			for (const letter of 'xy') port.push(`${letter.repeat(49 * 2 ** 20)}\n`);
			port.push(`${JSON.stringify({ return: args.id })}\n`);
			done();
		},
	});
	const tooLong: number[] = [];
	const agent = new GuestAgent('web', port as unknown as Socket, (bytes) => tooLong.push(bytes));
	await agent.untilThere({ deadlineMs: 20_000, signal: new AbortController().signal }, (what) => new Error(what));
	t.deepEqual(tooLong, [48 * 2 ** 20]);
});
