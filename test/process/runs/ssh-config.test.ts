/** The configuration that a run writes for OpenSSH, with ssh(1) itself. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import test from 'ava';
import { run } from '../../../src/process/run.js';
import type { MachineRunSpec } from '../../../src/protocol/run-spec.js';
import { writeSshConfig } from '../../../src/runs/ssh-config.js';

test('where no connection comes about, ssh ends', async (t) => {
	const directory = await mkdtemp(path.join(os.tmpdir(), 'rehearse-ssh-'));
	t.teardown(() => rm(directory, { recursive: true, force: true }));
	// Namespaces without any network: whatever is reached for is unreachable.
	const holder = spawn('unshare', ['--user', '--map-root-user', '--net', 'sh', '-c', 'echo ready; exec sleep 120'], { stdio: ['ignore', 'pipe', 'inherit'] });
	t.teardown(() => holder.kill());
	await once(holder.stdout, 'data');
	const machine = { spec: { name: 'web' }, address: '10.0.2.11', username: 'ops', hostKey: 'ssh-ed25519 AAAA' } as unknown as MachineRunSpec;
	const config = await writeSshConfig(directory, [machine], holder.pid ?? 0);
	const began = performance.now();
	const { exitCode } = await run(['ssh', '-F', config, 'web', 'true'], { allowFailure: true, timeoutMs: 60_000 });
	t.is(exitCode, 255);
	// It is no deadline that ended it.
	t.true(performance.now() - began < 20_000);
});
