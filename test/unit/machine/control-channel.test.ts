/** Whom a key is let in as, over a port whose other end is the test. */
import { Duplex } from 'node:stream';
import test from 'ava';
import { ControlChannel } from '../../../src/machine/control-channel.js';

/** A channel whose guest answers each line as it is asked to. */
function startChannel(answer: (line: string) => string | undefined) {
	const sent: string[] = [];
	const port = new Duplex({
		read() {},
		write(chunk: Buffer, _encoding, done) {
			const line = chunk.toString().trimEnd();
			sent.push(line);
			const answered = answer(line);
			if (answered !== undefined) port.push(`${answered}\n`);
			done();
		},
	});
	return { channel: new ControlChannel('web', port), sent };
}

for (const user of ['ops', 'Ops', 'john.doe', '3scale', 'web_1', 'x'.repeat(32)]) {
	test(`a key is let in as ${user}, whom a plan may declare`, async (t) => {
		const { channel, sent } = startChannel(() => `authorized user=${user} status=0`);
		await channel.authorize(user, 'ssh-ed25519 AAAA', 1);
		t.deepEqual(sent, [`authorize ${user} ssh-ed25519 AAAA`]);
	});
}

for (const user of ['', '-ops', '../x', 'a b', '$(id)', 'a;b', 'ops\nshell 1 2 3 4', '1000']) {
	test(`no guest is asked for ${JSON.stringify(user)}, whom no plan may declare`, async (t) => {
		const { channel, sent } = startChannel(() => undefined);
		await t.throwsAsync(channel.authorize(user, 'ssh-ed25519 AAAA', 1), { code: 'usage' });
		t.deepEqual(sent, []);
	});
}

test('the answer is about that user, and reports whether there is one', async (t) => {
	const other = startChannel(() => 'authorized user=johnxdoe status=0\nauthorized user=john.doe status=1');
	await t.throwsAsync(other.channel.authorize('john.doe', 'ssh-ed25519 AAAA', 1), { code: 'usage', message: "web has no user 'john.doe'" });
});
