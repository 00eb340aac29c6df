/** What leaves a lab is seen, by whom it was sent; a lab whose watcher is killed goes on. */
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { macAddresses } from '../../../src/lab/addressing.js';
import { run } from '../../../src/process/run.js';
import { startLab } from './labs.js';

/** A node of the lab as its wire knows it: in a network namespace of its own, with the MAC address of the one named. */
const asNode = (name: string, commands: readonly string[]): string => `
	unshare --net sleep 60 &
	until [ "$(readlink /proc/$!/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.05; done
	ip link add guest address ${macAddresses([name])[0] ?? ''} type veth peer name port
	ip link set guest netns $!
	ip link set port master lab0 up
	nsenter --target $! --net sh -c '
		ip link set guest up
		ip address add 10.0.2.11/24 dev guest
		ip address add 10.80.0.10/24 dev guest
		ip route add default via 10.0.2.1
		${commands.map((command) => `bash -c "${command}" 2>/dev/null`).join('\n')}
		true'
	kill $!
`;

/** A lab that is up, and how its namespaces are entered. */
async function startDetached(t: ExecutionContext) {
	const lab = await startLab(t, { nodes: ['one', 'two'], keep: 'always' });
	const { pid } = await lab.waitFor('supervisor');
	await lab.waitFor('detached');
	return { lab, inside: ['nsenter', '--target', String(pid), '--user', '--net', '--preserve-credentials'] as const };
}

test.serial('connections are reported with their node, and a lab without its watcher goes on', async (t) => {
	const { lab, inside } = await startDetached(t);
	const commands = [
		'echo >/dev/udp/10.80.0.11/123',
		'echo >/dev/tcp/10.0.2.1/22',
		'echo >/dev/udp/192.0.2.1/123',
		'echo >/dev/tcp/203.0.113.5/443',
	];
	// Not into its process namespace: what is started here is this test's to end.
	await run([...inside, 'sh', '-c', asNode('two', commands)], { timeoutMs: 20_000 });
	await run([...inside, 'sh', '-c', asNode('three', ['echo >/dev/udp/192.0.2.9/9'])], { timeoutMs: 20_000 });

	const [watcher] = [...(await lab.processes())].find(([, command]) => command.includes('watch-packets')) ?? [];
	process.kill(watcher ?? 0, 'SIGKILL');
	const { message } = await lab.waitFor('notice');
	t.is(message, 'what the machines try to reach outside the lab is not watched: the watcher ended (SIGKILL)');
	process.kill(lab.starter.pid, 'SIGUSR1');
	t.is((await lab.waitFor('done')).error, undefined);
	// A connection may be tried twice.
	t.deepEqual(
		lab.lines.flatMap((line) => (line.type === 'outbound-connection' && !line.again ? [[line.node, line.protocol, line.address, line.port]] : [])),
		[
			['two', 'udp', '192.0.2.1', 123],
			['two', 'tcp', '203.0.113.5', 443],
		],
	);
	t.deepEqual(await lab.leftovers(), []);
});

/** Packets that are shorter than their headers say, or than their protocol asks for: of a raw socket, and as frames to the bridge. */
const oddPackets = `
	use strict; use warnings;
	my ($mac) = @ARGV;
	my @server = (192, 0, 2, 77);
	socket my $raw, 2, 3, 17 or die "raw: $!";
	for my $bytes (0 .. 7) { defined send $raw, "\\0" x $bytes, 0, pack 'S n C4 x8', 2, 0, @server or die "send: $!" }
	socket my $wire, 17, 2, 0 or die "packet: $!";
	my $request = pack 'a16 x24', 'guest';
	ioctl $wire, 0x8933, $request or die "index: $!";
	my $bridge = pack 'S n l S C C H12 x2', 17, 0x0800, unpack('x16 l', $request), 0, 0, 6, $mac =~ s/://gr;
	my $dns = pack 'n4', 5353, 53, 8, 0;
	my $query = pack 'n6', 1, 0x0100, 1, 0, 0, 0;
	for my $words (0 .. 15) {
		for my $rest ('', "\\0", $dns, $dns . substr($query, 0, 11), $dns . $query, $dns . $query . "\\x3fabc", $dns . $query . "\\xc0\\x0c") {
			for my $protocol (1, 6, 17) {
				defined send $wire, pack('C x n x4 C2 x2 C4 C4', 0x40 | $words, 20, 64, $protocol, 10, 0, 2, 11, @server) . $rest, 0, $bridge or die "frame: $!";
			}
		}
	}
	print 'sent';`;

test.serial('packets that end before their headers do are no end of the watcher', async (t) => {
	const { lab, inside } = await startDetached(t);
	const script = path.join(lab.runDirectory, 'odd.pl');
	await writeFile(script, oddPackets);
	const { stdout } = await run([...inside, 'ip', '-json', 'link', 'show', 'lab0']);
	const [bridge] = JSON.parse(stdout) as readonly { readonly address: string }[];
	const sent = path.join(lab.runDirectory, 'sent');
	const commands = [`perl ${script} ${bridge?.address} >${sent} 2>&1`, 'echo >/dev/udp/192.0.2.1/123'];
	await run([...inside, 'sh', '-c', asNode('two', commands)], { timeoutMs: 20_000 });
	t.is(readFileSync(sent, 'utf8'), 'sent');
	process.kill(lab.starter.pid, 'SIGUSR1');
	t.is((await lab.waitFor('done')).error, undefined);
	t.deepEqual(lab.lines.filter(({ type }) => type === 'notice'), []);
	t.true(lab.lines.some((line) => line.type === 'outbound-connection' && line.address === '192.0.2.1' && line.port === 123));
	t.deepEqual(await lab.leftovers(), []);
});

/** Questions to DNS servers, and what comes of each: the code of its refusal. Two seconds are what a lost one would take. */
const questions: readonly (readonly [server: string, type: string, name: string, code: string])[] = [
	['1.1.1.1', 'A', 'deb.example.org', 'EREFUSED'],
	['192.0.2.53', 'AAAA', 'a.b.c.d.example.org', 'EREFUSED'],
	['8.8.8.8', 'SRV', `${'x'.repeat(63)}.${'y'.repeat(63)}.${'z'.repeat(63)}.example.org`, 'EREFUSED'],
	['9.9.9.9', 'MX', 'localdomain', 'EREFUSED'],
	// Nobody answers for what is in the lab.
	['10.80.0.99', 'A', 'deb.example.org', 'ETIMEOUT'],
];

const askAll = `
	const asked = ${JSON.stringify(questions)}.map(async ([server, type, name]) => {
		const resolver = new (require('node:dns').promises.Resolver)({ timeout: 2000, tries: 1 });
		resolver.setServers([server]);
		const began = Date.now();
		const code = await resolver.resolve(name, type).then(() => 'answered', (error) => error.code);
		return [code, Date.now() - began];
	});
	Promise.all(asked).then((answers) => process.stdout.write(JSON.stringify(answers)));`;

test.serial('a question to the world outside is refused at once, whatever server is asked, and reported', async (t) => {
	const { lab, inside } = await startDetached(t);
	const script = path.join(lab.runDirectory, 'ask.cjs');
	await writeFile(script, askAll);
	const { stdout } = await run([...inside, 'sh', '-c', asNode('two', [`${process.execPath} ${script}`])], { timeoutMs: 20_000 });
	const answers = JSON.parse(stdout) as readonly (readonly [string, number])[];
	t.deepEqual(answers.map(([code]) => code), questions.map(([, , , code]) => code), stdout);
	for (const [index, [code, ms]] of answers.entries()) if (code === 'EREFUSED') t.true(ms < 1000, `${questions[index]?.[2]} took ${ms} ms`);
	process.kill(lab.starter.pid, 'SIGUSR1');
	t.is((await lab.waitFor('done')).error, undefined);
	t.deepEqual(
		lab.lines.flatMap((line) => (line.type === 'outbound-connection' && !line.again ? [[line.address, line.question?.type, line.question?.name].join(' ')] : [])).sort(),
		questions.filter(([, , , code]) => code === 'EREFUSED').map(([server, type, name]) => `${server} ${type} ${name}`).sort(),
	);
	t.deepEqual(await lab.leftovers(), []);
});

test.serial('a host without perl is reported, and rehearses all the same', async (t) => {
	const lab = await startLab(t, { nodes: ['one'], withoutPrograms: ['perl'] });
	t.is((await lab.waitFor('notice')).message, 'what the machines try to reach outside the lab is not watched: perl was not found');
	t.is((await lab.waitFor('done')).error, undefined);
	t.deepEqual(await lab.leftovers(), []);
});
