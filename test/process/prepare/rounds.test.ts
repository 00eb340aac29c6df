/** Machines that are prepared when their images are there, one after another, and what comes of that in the end. */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { CleanupStack } from '../../../src/base/cleanup.js';
import type { Image } from '../../../src/image/store.js';
import type { RunEventBody } from '../../../src/lab/events.js';
import { tcg } from '../../../src/machine/accelerator.js';
import type { LabImages } from '../../../src/prepare/images.js';
import { Rounds, type RoundsContext } from '../../../src/prepare/rounds.js';
import { scaledDeadlines, type LateMachines, type MachineRunSpec } from '../../../src/protocol/run-spec.js';
import { labNode, labOf } from '../../unit/base/labs.js';

const lab = labOf(...['web', 'db', 'cache', 'worker'].map((name, index) => labNode(name, index)));

/** A place for a run and its checkpoints, and images that are there when they are asked to be. */
async function makeRounds(t: ExecutionContext, cold = false, more: Partial<RoundsContext> = {}) {
	const directory = await mkdtemp(path.join(os.tmpdir(), 'rounds-'));
	t.teardown(() => rm(directory, { recursive: true, force: true }));
	const place = (name: string) => path.join(directory, name);
	for (const name of ['seeds', 'disks', 'sockets', 'checkpoints']) await mkdir(place(name));
	const image = async (name: string): Promise<Image> => {
		const file = (part: string) => place(`${name}-${part}`);
		for (const part of ['root.img', 'vmlinuz', 'initrd']) if (!existsSync(file(part))) await writeFile(file(part), name);
		return { key: name, packages: [name], rootFile: file('root.img'), kernelFile: file('vmlinuz'), initrdFile: file('initrd') };
	};
	const events: RunEventBody[] = [];
	const signal = new AbortController().signal;
	const emit = (event: RunEventBody) => void events.push(event);
	const rounds = new Rounds({
		...{ lab, emit, signal, trace: false, wanted: () => true, checkpoints: { cold, started: [] } },
		directory: { path: directory, disks: place('disks'), sockets: place('sockets') },
		hostKeys: new Map(lab.nodes.map(({ name }) => [name, { privateKey: 'private', publicKey: `ssh-ed25519 ${name}` }])),
		measured: { host: { qemuVersion: 'QEMU 10', accelerator: tcg, processor: 'A', processorInputs: {} }, slowdown: 2, deadlines: scaledDeadlines(2) },
		planning: { directory: place('checkpoints'), emit, cleanup: new CleanupStack(), signal, pid: process.pid },
		...more,
	});
	return { rounds, image, events, place };
}

/** The image `common` of web and worker is there; those of db and cache come when `arrive` is called. */
async function begin(t: ExecutionContext, cold = false) {
	const { rounds, image, events } = await makeRounds(t, cold);
	const common = await image('common');
	const ready = new Map([['web', common], ['worker', common]]);
	const waiting = new Map<string, { arrive(): Promise<void>; fail(error: Error): void }>();
	const later = ['db', 'cache'].map((node) => ({
		nodes: [node],
		image: new Promise<Image>((resolve, reject) => {
			const arrive = async () => {
				const built = await image(node);
				ready.set(node, built);
				resolve(built);
			};
			waiting.set(node, { arrive, fail: reject });
		}),
	}));
	const images: LabImages = { parts: [{ nodes: ['web', 'worker'], image: Promise.resolve(common) }, ...later], ready: () => new Map(ready), settled: Promise.resolve() };
	const all = Promise.all(later.map((part) => part.image)).then(() => images.ready());
	all.catch(() => undefined);
	const begun = await rounds.begin(images, all);
	const given: LateMachines[] = [];
	const rest = begun.rest((late) => {
		given.push(late);
		return Promise.resolve();
	});
	rest.catch(() => undefined);
	return { ...{ begun, rest, given, events, rounds, image }, of: (node: string) => waiting.get(node) ?? Promise.reject(new Error(node)) };
}

test('machines come in the order of their images, and what concerns the lab with the last: the same as all at once', async (t) => {
	const { begun, rest, given, events, rounds, image, of } = await begin(t);
	t.deepEqual(begun.plan.machines.map(({ spec, isPending = false }) => [spec.name, isPending]), [['web', false], ['db', true], ['cache', true], ['worker', false]]);
	t.is(begun.plan.startedKey, undefined);
	await (await of('cache')).arrive();
	while (given.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
	t.deepEqual(given.map(({ machines, startedKey }) => [machines.map(({ spec }) => spec.name), startedKey]), [[['cache'], undefined]]);
	await (await of('db')).arrive();
	const { plan, images } = await rest;
	t.deepEqual([...images.keys()].sort(), ['cache', 'db', 'web', 'worker']);
	t.deepEqual(given[1]?.machines.map(({ spec }) => spec.name), ['db']);
	t.is(given[1]?.startedKey, plan.startedKey);
	t.truthy(given[1]?.saveStarted);
	t.deepEqual(plan.machines.flatMap(({ isPending }) => isPending ?? []), []);

	const common = await image('common');
	const once = await rounds.whole(new Map([['web', common], ['db', await image('db')], ['cache', await image('cache')], ['worker', common]]));
	t.is(once.startedKey, plan.startedKey);
	// Each plan has directories of its own to write to.
	const made = ({ spec, provisionedKey, origin, hostKey }: MachineRunSpec) => ({ spec, provisionedKey, origin, hostKey });
	t.deepEqual(once.machines.map(made), plan.machines.map(made));
	t.deepEqual(events.filter((event) => 'node' in event && event.node === 'db').map((event) => ('stage' in event ? `${event.stage} ${event.type}` : event.type)), [
		'seeds stage-started',
		'seeds stage-finished',
		'checkpoints stage-started',
		'checkpoints stage-finished',
	]);
});

test('a cold lab has no checkpoints, however its images come', async (t) => {
	const { rest, given, of } = await begin(t, true);
	for (const node of ['db', 'cache']) await (await of(node)).arrive();
	const { plan } = await rest;
	t.deepEqual(given.flatMap(({ machines }) => machines.flatMap(({ save, provisionedKey }) => [save, provisionedKey])), [undefined, undefined, undefined, undefined]);
	t.deepEqual(Object.keys(plan), ['machines']);
});

test('an image that cannot be built is what is reported, when the machines are ready that were being prepared', async (t) => {
	const { rest, given, of } = await begin(t);
	await (await of('cache')).arrive();
	const failure = new Error('no such package');
	(await of('db')).fail(failure);
	t.is(await t.throwsAsync(rest), failure);
	t.deepEqual(given.map(({ machines }) => machines.map(({ spec }) => spec.name)), [['cache']]);
});

test('the last image may come while the planner is being opened: what concerns the lab is there all the same', async (t) => {
	const { rounds, image } = await makeRounds(t);
	const built = new Map(await Promise.all(lab.nodes.map(async ({ name }) => [name, await image(name)] as const)));
	let asked = 0;
	const parts = [...built].map(([node, one]) => ({ nodes: [node], image: Promise.resolve(one) }));
	// Whoever asks for the first time finds one missing.
	const images: LabImages = { parts, ready: () => new Map([...built].slice(asked++ === 0 ? 1 : 0)), settled: Promise.resolve() };
	t.is(images.ready().size, lab.nodes.length - 1);
	const begun = await rounds.begin(images, Promise.resolve(built));
	const { plan } = await begun.rest(() => Promise.reject(new Error('nothing is left')));
	t.false(plan.machines.some(({ isPending = false }) => isPending));
	t.is(typeof plan.startedKey, 'string');
	t.like(plan.saveStarted?.manifest, { kind: 'started', key: plan.startedKey });
	t.deepEqual([begun.plan.startedKey, begun.plan.saveStarted], [plan.startedKey, plan.saveStarted]);
});

test('seeds that are to be put in place later touch none that a machine has', async (t) => {
	const seedsIn = await mkdtemp(path.join(os.tmpdir(), 'seeds-'));
	t.teardown(() => rm(seedsIn, { recursive: true, force: true }));
	const { rounds, image, place } = await makeRounds(t, false, { seedsIn, wanted: ({ name }) => name === 'db' });
	const others = lab.nodes.map(({ name }) => name).filter((name) => name !== 'db');
	for (const name of others) await writeFile(path.join(place('seeds'), `${name}.iso`), 'seed');
	const { machines } = await rounds.whole(new Map(await Promise.all(lab.nodes.map(async ({ name }) => [name, await image('common')] as const))));
	t.deepEqual((await readdir(place('seeds'))).sort(), others.map((name) => `${name}.iso`).sort());
	t.deepEqual(await readdir(seedsIn), ['db.iso']);
	t.is(machines.find(({ spec }) => spec.name === 'db')?.spec.seedFile, path.join(place('seeds'), 'db.iso'));
});
