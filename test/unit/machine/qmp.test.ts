import { once } from 'node:events';
import { duplexPair, type Duplex } from 'node:stream';
import test from 'ava';
import { linesOf } from '../../../src/base/lines.js';
import { Qmp, type QmpEvent } from '../../../src/machine/qmp.js';

interface Command {
	readonly execute: string;
	readonly arguments: object;
	readonly id: number;
}

const greeting = '{"QMP": {"version": {"qemu": {"micro": 0, "minor": 0, "major": 10}}, "capabilities": ["oob"]}}\r\n';

/** QEMU's end of a monitor. */
class FakeQemu {
	readonly stream: Duplex;
	readonly #commands: AsyncIterator<string>;

	constructor(stream: Duplex) {
		this.stream = stream;
		this.#commands = linesOf(stream);
	}

	async command(): Promise<Command> {
		const { value } = (await this.#commands.next()) as { value: string };
		return JSON.parse(value) as Command;
	}

	send(message: object): void {
		this.stream.write(`${JSON.stringify(message)}\r\n`);
	}

	answer({ id }: Command, value: unknown): void {
		this.send({ return: value, id });
	}
}

/** A monitor in command mode, and what is at its two ends. */
async function connected(): Promise<{ qmp: Qmp; qemu: FakeQemu; ours: Duplex }> {
	const [ours, theirs] = duplexPair();
	const qemu = new FakeQemu(theirs);
	const connecting = Qmp.connect(ours);
	theirs.write(greeting);
	qemu.answer(await qemu.command(), {});
	return { qmp: await connecting, qemu, ours };
}

test('a QEMU that does not answer is not waited for any longer, and its late answer disturbs nobody', async (t) => {
	const { qmp, qemu } = await connected();
	const asked = qmp.execute('query-status', {}, undefined, 20);
	const late = await qemu.command();
	await t.throwsAsync(asked, { code: 'qmp-silent', message: 'QEMU has not answered query-status in 20 ms' });
	qemu.answer(late, {});
	const next = qmp.execute('stop');
	qemu.answer(await qemu.command(), 'stopped');
	t.is(await next, 'stopped');
});

test('connecting leaves capabilities negotiation', async (t) => {
	const [ours, theirs] = duplexPair();
	const qemu = new FakeQemu(theirs);
	const connecting = Qmp.connect(ours);
	theirs.write(greeting);
	const command = await qemu.command();
	t.is(command.execute, 'qmp_capabilities');
	qemu.answer(command, {});
	t.true((await connecting) instanceof Qmp);
});

test('a command has its arguments and gets its value', async (t) => {
	const { qmp, qemu } = await connected();
	const answer = qmp.execute('query-status', { deep: true });
	const command = await qemu.command();
	t.like(command, { execute: 'query-status', arguments: { deep: true } });
	qemu.answer(command, { status: 'running' });
	t.deepEqual(await answer, { status: 'running' });
});

test('answers find their commands in any order, with events and nonsense between them', async (t) => {
	const { qmp, qemu } = await connected();
	const events: string[] = [];
	qmp.on('event', ({ event }) => events.push(event));
	const [one, two] = [qmp.execute('one'), qmp.execute('two')];
	const [first, second] = [await qemu.command(), await qemu.command()];
	t.not(first.id, second.id);
	qemu.send({ event: 'STOP', timestamp: {} });
	qemu.answer(second, 2);
	qemu.stream.write('\r\nnull\r\n[]\r\nno JSON\r\n');
	qemu.answer({ ...first, id: 999 }, 'nobody asked');
	qemu.send({ event: 'RESUME' });
	qemu.answer(first, 1);
	t.deepEqual(await Promise.all([one, two]), [1, 2]);
	t.deepEqual(events, ['STOP', 'RESUME']);
});

test('an event has its data', async (t) => {
	const { qmp, qemu } = await connected();
	const waiting = once(qmp, 'event') as Promise<[QmpEvent]>;
	qemu.send({ event: 'SHUTDOWN', data: { guest: true, reason: 'guest-panic' } });
	const [event] = await waiting;
	t.deepEqual(event.data, { guest: true, reason: 'guest-panic' });
});

test("a refusal has QEMU's message", async (t) => {
	const { qmp, qemu } = await connected();
	const answer = qmp.execute('cont');
	const { id } = await qemu.command();
	qemu.send({ error: { class: 'GenericError', desc: 'Resetting is required' }, id });
	await t.throwsAsync(answer, { code: 'qmp-error', message: /Resetting is required/ });
});

test('half a line waits for its other half', async (t) => {
	const { qmp, qemu } = await connected();
	const answer = qmp.execute('query-status');
	const line = `${JSON.stringify({ return: 'ü', id: (await qemu.command()).id })}\r\n`;
	const bytes = Buffer.from(line);
	const middleOfUmlaut = bytes.indexOf('ü') + 1;
	qemu.stream.write(bytes.subarray(0, middleOfUmlaut));
	await new Promise(setImmediate);
	qemu.stream.write(bytes.subarray(middleOfUmlaut));
	t.is(await answer, 'ü');
});

const dies = test.macro(async (t, how: (ends: { qemu: FakeQemu; ours: Duplex }) => void) => {
	const { qmp, qemu, ours } = await connected();
	const closed = qmp.closed();
	const [one, two] = [qmp.execute('one'), qmp.execute('two')];
	await qemu.command();
	how({ qemu, ours });
	await t.throwsAsync(one, { code: 'qmp-closed' });
	await t.throwsAsync(two, { code: 'qmp-closed' });
	await closed;
	await qmp.closed();
	await t.throwsAsync(qmp.execute('three'), { code: 'qmp-closed' });
});
test('QEMU dies with commands unanswered: the connection is reset', dies, ({ ours }) => ours.destroy(new Error('ECONNRESET')));
test('QEMU dies in the middle of a line', dies, ({ qemu, ours }) => {
	qemu.stream.write('{"return": {"stat');
	setImmediate(() => ours.destroy());
});

test('closing ends what is waited for', async (t) => {
	const { qmp } = await connected();
	const answer = qmp.execute('quit');
	qmp.close();
	await t.throwsAsync(answer, { code: 'qmp-closed' });
});

test('an abort ends one wait, and the answer that comes later is no news', async (t) => {
	const { qmp, qemu } = await connected();
	const reason = new Error('interrupted');
	const aborting = new AbortController();
	const answer = qmp.execute('migrate', {}, aborting.signal);
	const command = await qemu.command();
	aborting.abort(reason);
	t.is(await t.throwsAsync(answer), reason);
	qemu.answer(command, {});
	const next = qmp.execute('query-status');
	qemu.answer(await qemu.command(), 'alive');
	t.is(await next, 'alive');
});

// ava fails on an unhandled rejection: a QEMU that ends after an abort must not be one.
test('a command that was aborted before it began, and then loses its QEMU', async (t) => {
	const { qmp } = await connected();
	const reason = new Error('interrupted');
	t.is(await t.throwsAsync(qmp.execute('one', {}, AbortSignal.abort(reason))), reason);
	qmp.close();
	await qmp.closed();
	await new Promise(setImmediate);
});
