/** The key of a checkpoint: a row for every input, changed alone, with the change that a person sees reported. */
import test from 'ava';
import { changesBetween, checkpointKey } from '../../../src/checkpoint/fingerprint.js';
import type { Fingerprint } from '../../../src/checkpoint/manifest.js';
import { kvmCandidates, tcg } from '../../../src/machine/accelerator.js';
import { provisionedFingerprint, startedFingerprint } from '../../../src/prepare/node-fingerprint.js';
import { inputs, script, type Inputs } from './node-inputs.js';

const bootsAgain = test.macro((t, changed: Inputs, reported: readonly string[]) => {
	const [before, now] = [provisionedFingerprint(inputs()), provisionedFingerprint(inputs(changed))];
	t.deepEqual(changesBetween(before, now), reported);
	const keyOf = (fingerprint: typeof now) => checkpointKey('provisioned', [{ node: 'redis', fingerprint }]);
	t.is(keyOf(before) === keyOf(now), reported.length === 0);
});

test('packages of the recipe', bootsAgain, { imagePackages: ['redis-server', 'systemd', 'jq'], imageKey: 'b' }, ['packages']);
test('what else goes into an image', bootsAgain, { imageKey: 'b' }, ['image']);
test('an image that was built again', bootsAgain, { imageBuiltAt: 2 }, ['image']);
test('memory', bootsAgain, { node: { memoryMiB: 2048 } }, ['memory']);
test('processors', bootsAgain, { node: { vcpus: 2 } }, ['processors']);
test('the firewall', bootsAgain, { node: { firewall: { tcp: [22], udp: [] } } }, ['seed']);
test('disk', bootsAgain, { node: { diskMiB: 9000 } }, ['disk']);
test('a password', bootsAgain, { node: { users: [{ username: 'ops', password: 'other', groups: ['sudo'], shell: '/bin/bash' }] } }, ['users']);
test('services', bootsAgain, { node: { services: ['redis-server'] } }, ['services']);
test('DNS servers', bootsAgain, { node: { dns: ['9.9.9.9'] } }, ['DNS']);
test('the address on the uplink', bootsAgain, { node: { uplinkAddress: '10.0.2.99' } }, ['addresses']);
test('the MAC address', bootsAgain, { node: { mac: '52:54:00:00:00:99' } }, ['addresses']);
test('the host key', bootsAgain, { hostKey: 'ssh-ed25519 BBBB redis' }, ['host key']);
test("the guest's own files", bootsAgain, { agent: '#!/bin/bash\n# newer\n' }, ['seed']);
test('a seed disk of another size', bootsAgain, { seedBytes: 2 ** 22 }, ['seed size']);
test('the version of QEMU', bootsAgain, { host: { qemuVersion: 'QEMU emulator version 11.0.0' } }, ['QEMU']);
test('the accelerator', bootsAgain, { host: { accelerator: kvmCandidates[0] ?? tcg } }, ['accelerator', 'processor']);
test("the guest's processor", bootsAgain, { host: { accelerator: { ...tcg, cpu: 'max' } } }, ['processor']);

test('the role', bootsAgain, { node: { role: 'queue' } }, []);
test("the lab's gateway, which nobody sees before a startup script has added the alias", bootsAgain, { gateway: '10.80.0.254/24' }, []);
test('the alias, which a startup script adds', bootsAgain, { node: { alias: '10.80.0.99/24' } }, []);
test('a startup script', bootsAgain, { node: { startupScripts: [script('false\n')] } }, []);
test('another startup script', bootsAgain, { node: { startupScripts: [script('true\n'), script('true\n')] } }, []);
test('the deadline of startup scripts', bootsAgain, { scriptDeadlineSeconds: 90 }, []);
test('where the run has its files', bootsAgain, { runDirectory: '/runs/2' }, []);
test('where the images are', bootsAgain, { imagesDirectory: '/elsewhere/a' }, []);
test("the host's processor, whose counter is the guest's clock", bootsAgain, { host: { processor: 'B' } }, ['processor']);

test('a started machine depends on its startup scripts too, in their order', (t) => {
	const of = (changed: Inputs) => startedFingerprint(provisionedFingerprint(inputs(changed)), inputs(changed));
	const usual = of({});
	t.deepEqual(changesBetween(usual, of({ node: { startupScripts: [script('false\n')] } })), ['startup scripts']);
	t.deepEqual(changesBetween(usual, of({ node: { startupScripts: [{ ...script('true\n'), after: 'redis.service' }] } })), [
		'startup scripts',
	]);
	t.deepEqual(changesBetween(usual, of({ node: { memoryMiB: 2048 } })), ['memory']);
	t.deepEqual(changesBetween(usual, of({ runDirectory: '/runs/2' })), []);
	t.deepEqual(changesBetween(usual, of({ gateway: '10.80.0.254/24' })), ['lab network']);
});

test('a machine that people have had since is like no other, and never like itself again', (t) => {
	const started = (goesOn: boolean) => startedFingerprint(provisionedFingerprint(inputs({})), inputs({}), goesOn);
	const whatDiffers = (one: Fingerprint, other: Fingerprint) =>
		[...new Set([...Object.keys(one), ...Object.keys(other)])].filter((name) => one[name] !== other[name]);
	t.deepEqual(whatDiffers(started(false), started(false)), []);
	t.deepEqual(whatDiffers(started(true), started(false)), ['what was done to it']);
	t.deepEqual(whatDiffers(started(true), started(true)), ['what was done to it']);
});
