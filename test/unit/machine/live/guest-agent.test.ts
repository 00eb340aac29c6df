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

/** An agent that answers what it is asked, one after another, and writes what is no answer in between. */
function answeringAgent(answerTo: (execute: string, args: Readonly<Record<string, unknown>>) => Promise<unknown>) {
	let last: Promise<unknown> = Promise.resolve();
	const port = new Duplex({
		read() {},
		write(chunk: Buffer, _encoding, done) {
			const { execute, arguments: args } = JSON.parse(chunk.toString()) as { readonly execute: string; readonly arguments: Readonly<Record<string, unknown>> };
			last = last.then(() => answerTo(execute, args)).then((answer) => port.push(`null\n7\n${JSON.stringify(answer)}\n`));
			done();
		},
	});
	return new GuestAgent('web', port as unknown as Socket, () => undefined);
}

test('the answer to a command that was given up is not taken for that to the next', async (t) => {
	const outputs = ['first', 'second'];
	let began = 0;
	let release: () => void = () => undefined;
	const held = new Promise<void>((resolve) => (release = resolve));
	const agent = answeringAgent(async (execute, args) => {
		if (execute === 'guest-sync') return { return: args['id'] };
		if (execute === 'guest-exec' && began === 0) await held;
		if (execute === 'guest-exec') return { return: { pid: began++ } };
		return { return: { exited: true, exitcode: 0, 'out-data': Buffer.from(outputs[Number(args['pid'])] ?? '').toString('base64') } };
	});
	const stopping = new AbortController();
	const first = agent.run('first', { timeoutMs: 10_000, signal: stopping.signal });
	stopping.abort(new Error('nobody waits'));
	await t.throwsAsync(first, { message: 'nobody waits' });
	const second = agent.run('second', { timeoutMs: 10_000 });
	release();
	t.like(await second, { stdout: 'second', exitCode: 0 });
});

test('what is no answer is passed over, and what is no text or status is none', async (t) => {
	const agent = answeringAgent(async (execute) =>
		execute === 'guest-exec' ? { return: { pid: 1 } } : { return: { exited: true, exitcode: 'zero', 'out-data': 7, 'err-data': { length: 9 } } },
	);
	t.like(await agent.run('true', { timeoutMs: 10_000 }), { stdout: '', stderr: '', exitCode: undefined, timedOut: false });
});
