/** Login checks against a real SSH server, and what is noted of them beside a checkpoint. */
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { LoginOutcome, RunEventBody } from '../../../src/lab/events.js';
import type { GuestCommands } from '../../../src/machine/command-channel.js';
import { scaledDeadlines, type MachineRunSpec, type RunSpec } from '../../../src/protocol/run-spec.js';
import { manifestName } from '../../../src/checkpoint/manifest.js';
import { key, manifest } from '../../unit/checkpoint/manifests.js';
import { keepKnownLogins, readKnownLogins } from '../../../src/supervisor/known-logins.js';
import { checkLogin, LoginChecks } from '../../../src/supervisor/logins.js';
import { startGuest, type GuestOptions } from '../ssh/guest.js';

/** A node that reports this of its sockets and of its SSH server. */
const node = (stdout: string): GuestCommands => ({
	run: async () => ({ stdout, stderr: '', exitCode: 0, ms: 1, timedOut: false }),
	listSockets: () => Promise.reject(new Error('no sockets in this test')), listRestarts: () => Promise.resolve(new Map()), connect: () => Promise.reject(new Error('no connection in this test')),
});

interface Setting extends GuestOptions {
	readonly change?: Partial<MachineRunSpec>;
	/** The settings that sshd prints, but for its port. */
	readonly settings?: string;
	readonly loginMs?: number;
}

async function outcomeOf({ change = {}, settings = '', loginMs = scaledDeadlines(1).loginMs, ...options }: Setting): Promise<LoginOutcome> {
	await using guest = await startGuest(options);
	const { port, username, password, hostKey, host: address } = guest.target;
	const machine = { spec: { name: 'web' }, address, username, password, hostKey, sshPort: port, ...change } as MachineRunSpec;
	const reported = `LISTEN 0 128 127.0.0.1:${port} 0.0.0.0:*\n\nport ${port}\n${settings}`;
	const deadlines = { ...scaledDeadlines(1), assertionMs: 1000, loginMs };
	return await checkLogin(machine, { deadlines }, { guests: () => node(reported), signal: new AbortController().signal });
}

const comesTo = test.macro(async (t, setting: Setting, status: LoginOutcome['status'], message: RegExp | undefined) => {
	const outcome = await outcomeOf(setting);
	t.is(outcome.status, status, outcome.message);
	if (message) t.regex(outcome.message ?? '', message);
	else t.is(outcome.message, undefined);
});
test('a user who gets in', comesTo, {}, 'passed', undefined);
test('a password that is refused', comesTo, { change: { password: 'another' } }, 'failed', /refuses user 'ops'/);
test('a server that takes none', comesTo, { change: { password: 'another' }, settings: 'passwordauthentication no\n' }, 'closed', /takes no passwords/);
test('a server at another port', comesTo, { change: { sshPort: 1 } }, 'closed', /^SSH is at port \d+, not 1 as the recipe has it$/);
test('an account that is of no use', comesTo, { shell: 'echo Sorry; exit 1' }, 'failed', /runs nothing: Sorry/);

test('a shell that is late, on a host that is busy', comesTo, { shell: 'sleep 2', loginMs: 1500 }, 'passed', undefined);
test('a shell that waits for something', comesTo, { shell: 'sleep 60', loginMs: 500 }, 'failed', /runs nothing: no login within 1500 ms \(does its shell wait for something\?\)/);

for (const message of [
	'WARNING: Your password has expired.\\nPassword change required but no TTY available.',
	'You are required to change your password immediately (administrator enforced).',
	'Your account has expired; please contact your system administrator.',
]) {
	test(`a password that has expired: ${message.slice(0, 40)}`, comesTo, { shell: `printf '${message}\\n' >&2; exit 1` }, 'failed', /the password of user 'ops' has expired, .*chage, passwd --expire/);
}

/** A node that is restored as its startup scripts had left it. */
const restoredFrom = (checkpoint: string, savedAt: number, name = 'web') =>
	({ spec: { name }, origin: { from: 'checkpoint', kind: 'started', savedAt }, restore: { checkpoint } }) as MachineRunSpec;

test('outcomes are noted of one checkpoint, and of no other by its key', async (t) => {
	const checkpoints = await mkdtemp(path.join(tmpdir(), 'logins-'));
	t.teardown(() => rm(checkpoints, { recursive: true }));
	const place = { checkpoints, startedKey: key };
	const directory = path.join(checkpoints, place.startedKey);
	const logins: LoginOutcome[] = [{ node: 'web', username: 'ops', port: 22, status: 'passed', ms: 5 }];
	await keepKnownLogins(place, logins);
	t.deepEqual(await readdir(checkpoints), [], 'there is no checkpoint');
	await mkdir(directory);
	const publish = (savedAt: number) => writeFile(path.join(directory, manifestName), JSON.stringify({ ...manifest, kind: 'started', savedAt }));
	await publish(1);
	await keepKnownLogins(place, logins);
	await keepKnownLogins(place, []);
	t.deepEqual(await readKnownLogins([restoredFrom(directory, 1)]), logins);
	t.deepEqual(await readKnownLogins([restoredFrom(directory, 1, 'db')]), [], 'another node of it');
	t.deepEqual(await readKnownLogins([{ ...restoredFrom(directory, 1), origin: { from: 'power-on' } }]), []);
	await publish(2);
	t.deepEqual(await readKnownLogins([restoredFrom(directory, 2)]), []);
	t.deepEqual(await readKnownLogins([]), []);
});

/** A checkpoint of the started lab, whose note is kept and read. */
async function makeNoted(t: ExecutionContext) {
	const checkpoints = await mkdtemp(path.join(tmpdir(), 'logins-'));
	t.teardown(() => rm(checkpoints, { recursive: true }));
	const directory = path.join(checkpoints, key);
	await mkdir(directory);
	await writeFile(path.join(directory, manifestName), JSON.stringify({ ...manifest, kind: 'started', savedAt: 1 }));
	const keep = (outcomes: readonly LoginOutcome[]) => keepKnownLogins({ checkpoints, startedKey: key }, outcomes);
	const known = () => readKnownLogins([restoredFrom(directory, 1), restoredFrom(directory, 1, 'db')]);
	return { checkpoints, directory, keep, known };
}

const passed = (node: string, ms = 5): LoginOutcome => ({ node, username: 'ops', port: 22, status: 'passed', ms });
const refused = (node: string): LoginOutcome => ({ ...passed(node), status: 'failed', message: "it refuses user 'ops'" });

test('a login that was refused is not noted: the scenario may have been why', async (t) => {
	const { keep, known } = await makeNoted(t);
	await keep([refused('web'), { ...passed('db'), status: 'closed' }]);
	t.deepEqual(await known(), []);
});

test('a later outcome takes the place of an earlier one of its node', async (t) => {
	const { keep, known } = await makeNoted(t);
	await keep([refused('web'), passed('db')]);
	await keep([passed('web')]);
	t.deepEqual(await known(), [passed('web'), passed('db')]);
	await keep([passed('web', 7)]);
	t.deepEqual(await known(), [passed('web', 7), passed('db')]);
	await keep([refused('db')]);
	t.deepEqual(await known(), [passed('web', 7)]);
});

test('what an earlier version has noted of a refused login is not believed', async (t) => {
	const { directory, known } = await makeNoted(t);
	await writeFile(path.join(directory, 'logins.json'), JSON.stringify({ savedAt: 1, logins: [refused('web'), passed('db')] }));
	t.deepEqual(await known(), [passed('db')]);
});

test('a login to a node that somebody was let into is not noted, nor one of a lab that has gone on', async (t) => {
	await using guest = await startGuest({});
	const { port: sshPort, username, password, hostKey, host: address } = guest.target;
	const { checkpoints, known } = await makeNoted(t);
	const machine = { origin: { from: 'power-on' }, address, username, password, sshPort, hostKey };
	const run = {
		...{ checkpoints, startedKey: key, scenario: true, robustness: [], snapshots: false, deadlines: scaledDeadlines(1) },
		lab: { nodes: ['web', 'db'].map((name) => ({ name, features: ['ssh'], packages: [] })) },
		machines: ['web', 'db'].map((name) => ({ ...machine, spec: { name } })),
	} as unknown as RunSpec;
	const context = { hostKey: () => undefined, guests: () => node(''), isThere: () => true, wasStarted: () => false, emit: () => undefined, signal: new AbortController().signal };
	let now: RunSpec = { ...run, startedKey: 'none' };
	const checks = new LoginChecks(() => now, { ...context, wasTouched: (name) => name === 'web' });
	await checks.finish();
	await checks.keep();
	now = run;
	await checks.keep();
	t.deepEqual(await known(), [], 'noted once, of the lab that it was');
	const again = new LoginChecks(() => run, { ...context, wasTouched: (name) => name === 'web' });
	await again.finish();
	await again.keep();
	t.deepEqual((await known()).map(({ node: of, status }) => [of, status]), [['db', 'passed']]);
});

test('a node of which something is known is not logged in to again, early or late', async (t) => {
	const checkpoints = await mkdtemp(path.join(tmpdir(), 'logins-'));
	t.teardown(() => rm(checkpoints, { recursive: true }));
	await mkdir(path.join(checkpoints, key));
	await writeFile(path.join(checkpoints, key, manifestName), JSON.stringify({ ...manifest, kind: 'started' }));
	const known: LoginOutcome = { node: 'web', username: 'ops', port: 22, status: 'passed', ms: 5 };
	await keepKnownLogins({ checkpoints, startedKey: key }, [known]);
	const run = {
		...{ checkpoints, startedKey: key, scenario: true, robustness: [], snapshots: false, deadlines: scaledDeadlines(1) },
		lab: { nodes: [{ name: 'web', features: ['ssh'], packages: [] }] },
		machines: [{ ...restoredFrom(path.join(checkpoints, key), manifest.savedAt), address: '127.0.0.1', username: 'ops', password: 'x', sshPort: 1, hostKey: '' }],
	} as unknown as RunSpec;
	const events: RunEventBody[] = [];
	const context = { hostKey: () => undefined, guests: () => node(''), isThere: () => true, wasStarted: () => true, wasTouched: () => false, emit: (event: RunEventBody) => void events.push(event) };
	const checks = new LoginChecks(() => run, { ...context, signal: new AbortController().signal });
	checks.beginEarly('web');
	await checks.settle();
	t.deepEqual(events, []);
	await checks.finish();
	t.deepEqual(events, [{ type: 'login-checked', ...known }]);
});

test('nobody is to get in where the recipe takes the SSH server away', async (t) => {
	const checked = async (keys: object) => {
		const run = {
			...{ checkpoints: tmpdir(), startedKey: key, scenario: true, robustness: [], snapshots: false, deadlines: { ...scaledDeadlines(1), loginMs: 1, assertionMs: 1 } },
			lab: { nodes: [{ name: 'web', features: [], packages: [], ...keys }] },
			machines: [{ spec: { name: 'web' }, origin: { from: 'power-on' }, address: '127.0.0.1', username: 'ops', password: 'x', sshPort: 1, hostKey: '' }],
		} as unknown as RunSpec;
		const events: RunEventBody[] = [];
		const context = { hostKey: () => undefined, guests: () => node(''), isThere: () => true, wasStarted: () => false, wasTouched: () => false, emit: (event: RunEventBody) => void events.push(event) };
		await new LoginChecks(() => run, { ...context, signal: new AbortController().signal }).finish();
		return events.map(({ type }) => type);
	};
	t.deepEqual(await checked({ features: ['ssh'] }), ['login-checked']);
	t.deepEqual(await checked({ features: ['ssh'], withoutPackages: ['openssh-server'] }), []);
	t.deepEqual(await checked({ features: ['ssh'], packages: ['openssh-server'], withoutPackages: ['openssh-server'] }), ['login-checked']);
});
