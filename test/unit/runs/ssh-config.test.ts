import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import test from 'ava';
import { updateSshConfig, writeSshConfig } from '../../../src/runs/ssh-config.js';
import type { MachineRunSpec } from '../../../src/protocol/run-spec.js';
import { matchesGolden } from '../base/golden.js';

const machine = (name: string, address: string): MachineRunSpec => ({
	spec: {
		name,
		memoryMiB: 1024,
		mac: '52:54:00:00:00:01',
		tap: 'tap0',
		kernelFile: '/k',
		initrdFile: '/i',
		overlayFile: '/o',
		layers: [],
		rootFile: '/r',
		seedFile: '/s',
		memory: { file: '/m', isShared: true },
		qmpSocket: '/q',
		agentSocket: '/a',
		controlChannelSocket: '/b',
		commandSocket: '/b',
		debugSocket: '/d',
		shellSocket: '/c',
	},
	diskMiB: 8192,
	consoleFile: '/c',
	address,
	username: 'ops',
	password: 'correct horse',
	hostKey: `ssh-ed25519 AAAA${name}`,
	origin: { from: 'power-on' },
});

test('plain ssh gets a host entry for each node, strict about its key; no password is written down', async (t) => {
	const directory = await mkdtemp(path.join(os.tmpdir(), 'rehearse test-'));
	t.teardown(() => rm(directory, { recursive: true }));
	const file = await writeSshConfig(directory, [machine('web', '10.0.2.11'), machine('db', '10.0.2.12')], 4711);
	t.is(path.dirname(file), directory);
	const config = await readFile(file, 'utf8');
	matchesGolden(t, 'runs/golden/ssh_config.txt', config.replaceAll(directory, '{run}'));
	t.is(await readFile(path.join(directory, 'known_hosts'), 'utf8'), 'web ssh-ed25519 AAAAweb\ndb ssh-ed25519 AAAAdb\n');
	t.false(config.includes('correct horse'));
});

test('a machine that was made anew gets another entry and host key; the key of the run and the other nodes stay', async (t) => {
	const directory = await mkdtemp(path.join(os.tmpdir(), 'rehearse-ssh-'));
	t.teardown(() => rm(directory, { recursive: true }));
	const read = (name: string) => readFile(path.join(directory, name), 'utf8');
	const before = [machine('web', '10.0.2.11'), machine('db', '10.0.2.12'), machine('cache', '10.0.2.13')] as const;
	const anew: MachineRunSpec = { ...before[1], username: 'admin', sshPort: 2222, hostKey: 'ssh-ed25519 BBBBdb' };
	await writeSshConfig(directory, [before[0], anew, before[2]], 4711);
	const wanted = [await read('ssh_config'), await read('known_hosts')];
	await writeSshConfig(directory, before, 4711);
	const identity = await read('identity');
	await updateSshConfig(directory, [anew]);
	t.deepEqual([await read('ssh_config'), await read('known_hosts')], wanted);
	t.regex(wanted.join(), /Port 2222/);
	t.is(await read('identity'), identity);
});
