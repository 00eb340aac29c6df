/** A lab that is kept running: everything that one can do to it, at its good and its bad ends, and nothing left when it is over. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { get } from 'node:http';
import path from 'node:path';
import { buffer } from 'node:stream/consumers';
import test, { type ExecutionContext } from 'ava';
import { run } from '../../src/process/run.js';
import { addScript, addTest, editLab } from './support/labs.js';
import { killQuietly, makeSandbox, type Sandbox } from './support/sandbox.js';
import { runTool, Tool, type Ended } from './support/tool.js';

const patience = 15 * 60_000;

/** Large enough for many packets, and not a multiple of any of them. */
const pageBytes = 300_001;

/** Runs a command of the tool and expects its exit status; resolves to what it wrote. */
async function does(t: ExecutionContext, sandbox: Sandbox, status: number, args: readonly string[], input?: string): Promise<Ended> {
	const ended = await runTool(sandbox, args, input === undefined ? {} : { input });
	t.is(ended.status, status, `rehearse ${args.join(' ')}\n${ended.stderr}${ended.stdout}`);
	return ended;
}

interface Status {
	readonly labs: readonly { readonly lab: string; readonly isReady: boolean; readonly pid: number; readonly nodes: readonly { readonly name: string; readonly stage: string }[] }[];
}
const statusOf = async (sandbox: Sandbox) => JSON.parse((await runTool(sandbox, ['status', '--json'])).stdout) as Status;

const fetchPage = (port: number): Promise<number> =>
	new Promise((resolve, reject) => {
		get({ port, host: '127.0.0.1', path: '/page', agent: false }, (response) => resolve(buffer(response).then(({ length }) => length))).once('error', reject);
	});

test.serial('a lab to live in', async (t) => {
	t.timeout(2 * patience);
	const sandbox = await makeSandbox(t, 'no accelerator', 'warm');
	const lab = await editLab(sandbox, 'single', (plan) => {
		addScript(plan, 'box', 'pages', [
			'#!/bin/bash',
			`mkdir -p /srv/pages && head -c ${pageBytes} /dev/zero >/srv/pages/page`,
			'cat >/srv/pages.py <<EOF',
			'from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer',
			// Of connections that nobody has accepted yet it would keep five; the guest resets others that come at once.
			'ThreadingHTTPServer.request_queue_size = 128',
			'ThreadingHTTPServer(("", 8080), SimpleHTTPRequestHandler).serve_forever()',
			'EOF',
			'systemd-run --quiet --unit=pages -p Restart=always -p WorkingDirectory=/srv/pages python3 /srv/pages.py',
		]);
		addTest(plan, 'Pages', [{ type: 'port_listening', on_vm: 'box', params: { port: 8080 } }]);
		addTest(plan, 'Gateway', [{ type: 'network_reachable', on_vm: 'box', params: { host: '10.0.2.1' } }]);
	});
	const command = (...args: string[]) => does(t, sandbox, 0, args);

	t.regex((await does(t, sandbox, 2, ['exec', 'box', '--', 'true'])).stderr, /no lab is up/);
	await command('up', lab);
	t.like(await statusOf(sandbox), { labs: [{ lab: 'single', isReady: true, nodes: [{ name: 'box', stage: 'started' }] }] });
	t.regex((await does(t, sandbox, 2, ['up', lab])).stderr, /single is up already/);

	const bootOf = async () => (await command('exec', 'box', '--', 'cat', '/proc/sys/kernel/random/boot_id')).stdout;
	const boot = await bootOf();

	// Commands, with their own streams and exit status, and arguments as they are.
	t.is((await command('ssh', 'box', 'hostname')).stdout, 'box\n');
	// With a host name in its lease networkd would have had systemd-hostnamed started, a process and a second for nothing.
	t.is((await command('exec', 'box', '--', 'sh', '-c', 'cat /run/systemd/netif/leases/* | grep -E "^(ADDRESS|HOSTNAME)="')).stdout, 'ADDRESS=10.0.2.11\n');
	const shell = await does(t, sandbox, 7, ['exec', 'box', '--', 'sh', '-c', 'echo "$1"; echo err >&2; exit 7', 'sh', 'two  words']);
	t.is(shell.stdout, 'two  words\n');
	t.is(shell.stderr, 'err\n');
	t.is((await command('exec', 'box', '--user', 'root', '--', 'id', '-un')).stdout, 'root\n');
	t.regex((await does(t, sandbox, 2, ['exec', 'none', '--', 'true'])).stderr, /the lab has no node 'none'.*\n.*its nodes are box/);
	t.regex((await does(t, sandbox, 2, ['exec', 'box', '--user', 'nobody-there', '--', 'true'])).stderr, /box has no user 'nobody-there'/);
	t.is((await does(t, sandbox, 0, ['exec', 'box', '--', 'cat'], 'through\n')).stdout, 'through\n');

	// Files, and the configuration for whoever brings a program of their own.
	const note = path.join(sandbox.path, 'note');
	await writeFile(note, 'from the host\n');
	await command('cp', note, 'box:/tmp/note');
	await command('cp', 'box:/tmp/note', `${note}.back`);
	t.is(await readFile(`${note}.back`, 'utf8'), 'from the host\n');
	const config = path.join(sandbox.path, 'config');
	await writeFile(config, (await command('ssh-config')).stdout);
	t.is((await run(['ssh', '-F', config, '-o', 'BatchMode=yes', 'box', 'cat /tmp/note'])).stdout, 'from the host');
	t.regex((await command('logs', 'box')).stdout, /box login:/);
	t.regex((await command('logs', 'box', 'journal', '-n', '5')).stdout, /box /);

	// Ports, under many connections at once.
	const forwarding = new Tool(sandbox, ['forward', '--json']);
	const [, line = ''] = await forwarding.prints(/(\{.*\})\n/, 20_000);
	const [{ local } = { local: 0 }] = (JSON.parse(line) as { ports: { local: number }[] }).ports;
	const lengths = await Promise.all(Array.from({ length: 100 }, () => fetchPage(local)));
	t.deepEqual(lengths, Array.from({ length: 100 }, () => pageBytes));
	forwarding.signal('SIGINT');
	t.is((await forwarding.ended).status, 0);

	// The scenario, and what becomes of it when the node is cut off; its assertions and its console need no network.
	await command('test');
	await command('test', 'Pages', 'Gateway');
	t.regex((await does(t, sandbox, 2, ['test', 'Nothing'])).stderr, /no test 'Nothing'/);
	await command('link', 'box', 'down');
	await does(t, sandbox, 1, ['test', 'Gateway']);
	await command('test', 'Pages');
	await does(t, sandbox, 255, ['exec', 'box', '--', 'true']);
	t.regex((await does(t, sandbox, 0, ['console', 'box'], 'echo it is $((6 * 7))\n')).stdout, /it is 42/);
	await command('kill', 'box');
	t.like(await statusOf(sandbox), { labs: [{ nodes: [{ stage: 'ended' }] }] });
	t.regex((await does(t, sandbox, 2, ['console', 'box'], 'true\n')).stderr, /box does not run/);
	await command('reset');
	t.is((await does(t, sandbox, 1, ['exec', 'box', '--', 'test', '-e', '/tmp/note'])).stdout, '');
	// Restored, and not booted anew.
	t.is(await bootOf(), boot);
	await command('test');
	await command('down');
	t.deepEqual((await statusOf(sandbox)).labs, []);
	t.deepEqual(await sandbox.leftovers(10_000), []);

	// It comes back behind its startup scripts, and goes with whoever kept it.
	await command('up', lab);
	t.is(await bootOf(), boot);

	// An edited plan makes another machine of the node, and that is what it is put back to.
	const planFile = path.join(lab, 'plan.json');
	await writeFile(planFile, (await readFile(planFile, 'utf8')).replace(/"memory": *"512 MB"/, '"memory": "640 MB"'));
	await command('reload');
	const memoryOf = async () => Number(/MemTotal: +(\d+)/.exec((await command('exec', 'box', '--', 'cat', '/proc/meminfo')).stdout)?.[1]) / 1024;
	t.true((await memoryOf()) > 540, String(await memoryOf()));
	const another = await bootOf();
	t.not(another, boot);
	await command('reset');
	t.is(await bootOf(), another);
	t.true((await memoryOf()) > 540);
	await command('test');
	const [{ pid } = { pid: 0 }] = (await statusOf(sandbox)).labs;
	killQuietly(pid);
	t.deepEqual(await sandbox.leftovers(20_000), []);
	t.deepEqual((await statusOf(sandbox)).labs, []);

	// A script that breaks the network half-way fails by its line, and the console gives a shell on the node.
	const cut = await editLab(sandbox, 'single', (plan) => {
		addScript(plan, 'box', 'cut', [
			'#!/bin/bash',
			'set -e',
			"IFACE=$(ip route show default | awk '{print $5; exit}')",
			'ip link set "$IFACE" down',
			'curl -fsS --max-time 2 http://10.0.2.1:1/',
			'echo not reached',
		]);
	});
	const failed = await does(t, sandbox, 1, ['up', cut]);
	t.regex(failed.stdout, /line 5: curl -fsS --max-time 2 http:\/\/10\.0\.2\.1:1\//);
	t.regex((await does(t, sandbox, 0, ['console', 'box'], 'ip -br link show up; echo still $((40 + 2))\n')).stdout, /still 42/);
	t.regex((await does(t, sandbox, 2, ['reset'])).stderr, /no checkpoint of the started lab/);
	await command('down', '--all');
	t.deepEqual(await sandbox.leftovers(10_000), []);
});

test.serial('a lab that never comes up is interrupted, and leaves nothing', async (t) => {
	t.timeout(patience);
	const sandbox = await makeSandbox(t);
	await mkdir(path.join(sandbox.path, 'state'), { recursive: true });
	const up = new Tool(sandbox, ['up', await editLab(sandbox, 'single', () => undefined)]);
	await up.reports(/box: booting/, patience);
	t.like(await statusOf(sandbox), { labs: [{ isReady: false, nodes: [{ stage: 'booting' }] }] });
	up.signal('SIGINT');
	t.is((await up.ended).status, 130);
	t.deepEqual(await sandbox.leftovers(10_000), []);
});
