/** A guest that has put a program of its own in the place of the agent's, at the other end of the command channel. */
import { Duplex } from 'node:stream';
import { setImmediate as tick } from 'node:timers/promises';
import test from 'ava';
import { CommandChannel } from '../../../src/machine/command-channel.js';
import { memoryInUse } from '../base/memory.js';

/** A channel, what it sends, and what the guest replies. */
function startChannel() {
	const sent: string[] = [];
	const port = new Duplex({
		read() {},
		write(chunk: Buffer, _encoding, done) {
			sent.push(chunk.toString());
			done();
		},
	});
	/** The id of the last command or connection. */
	const id = () => sent.at(-1)?.split(' ')[1] ?? '';
	const tooLong: number[] = [];
	return { channel: new CommandChannel('web', port, (bytes) => tooLong.push(bytes)), id, reply: (line: string) => port.push(`${line}\n`), sent, tooLong };
}

const soon = { timeoutMs: 60_000 };
const byte = Buffer.from('x').toString('base64');

test.serial('output of a command that comes byte by byte, or as nothing at all, takes no more memory than its bytes', async (t) => {
	const { channel, id, reply } = startChannel();
	const running = channel.run('true', soon);
	const command = id();
	const before = memoryInUse();
	for (let count = 0; count < 200_000; count++) {
		reply(`out id=${command} data=${byte}`);
		reply(`err id=${command} data=`);
		if (count % 1000 === 0) await tick();
	}
	await tick();
	t.true(memoryInUse() - before < 4 * 2 ** 20, `${memoryInUse() - before} bytes`);
	reply(`ended id=${command} status=0 signal=0`);
	const { stdout, stderr } = await running;
	t.is(stdout.length, 200_000);
	t.is(stderr, '');
});

test.serial('bytes of a connection that nobody reads take no more memory than they are, and come in order', async (t) => {
	const { channel, id, reply } = startChannel();
	const connecting = channel.connect('localhost', 80, soon);
	const connection = id();
	reply(`began id=${connection}`);
	const stream = await connecting;
	const before = memoryInUse();
	for (let count = 0; count < 200_000; count++) {
		reply(`out id=${connection} data=${Buffer.from(String(count % 10)).toString('base64')}`);
		if (count % 1000 === 0) await tick();
	}
	await tick();
	t.true(memoryInUse() - before < 4 * 2 ** 20, `${memoryInUse() - before} bytes`);
	reply(`closed id=${connection} why=`);
	reply(`closed id=${connection} why=`);
	reply(`out id=${connection} data=${byte}`);
	let text = '';
	for await (const chunk of stream) text += String(chunk);
	t.is(text, '0123456789'.repeat(20_000));
});

test('a connection that sends more than anybody reads is ended', async (t) => {
	const { channel, id, reply, sent } = startChannel();
	const connecting = channel.connect('localhost', 80, soon);
	const connection = id();
	reply(`began id=${connection}`);
	const stream = await connecting;
	const much = Buffer.alloc(30_000).toString('base64');
	for (let count = 0; count < 600 && !stream.destroyed; count++) {
		reply(`out id=${connection} data=${much}`);
		await tick();
	}
	t.true(stream.destroyed);
	t.true(sent.some((line) => line === `kill ${connection}\n`));
});

test('each end of a connection is passed on', async (t) => {
	const { channel, id, reply, sent } = startChannel();
	const connecting = channel.connect('localhost', 80, soon);
	const connection = id();
	reply(`began id=${connection}`);
	const stream = await connecting;
	stream.write('question');
	reply(`out id=${connection} data=${Buffer.from('answer').toString('base64')}`);
	reply(`closed id=${connection} why=`);
	let text = '';
	for await (const chunk of stream) text += String(chunk);
	t.is(text, 'answer');
	t.true(sent.includes(`data ${connection} ${Buffer.from('question').toString('base64')}\n`));
});

test('lines without end are told of once, and what comes between them is read', async (t) => {
	const { channel, id, reply, tooLong } = startChannel();
	const running = channel.run('true', soon);
	reply('x'.repeat(70_000));
	reply(`out id=${id()} data=${byte}`);
	reply('y'.repeat(70_000));
	reply(`ended id=${id()} status=0 signal=0`);
	t.is((await running).stdout, 'x');
	t.deepEqual(tooLong, [65_536]);
});
