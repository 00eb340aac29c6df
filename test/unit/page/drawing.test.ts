import test from 'ava';
import fc from 'fast-check';
import type { RunEvent, StageName } from '../../../src/lab/events.js';
import type { Topology } from '../../../src/lab/topology.js';
import { connectionStates } from '../../../src/page/connections.js';
import { topologySvg } from '../../../src/page/graph.js';
import { box, layOut } from '../../../src/page/layout.js';
import { lanesOf } from '../../../src/page/bars.js';
import { topologyMermaid } from '../../../src/page/mermaid.js';
import { topologyOf } from '../../../src/lab/topology.js';
import { foldEvents } from '../../../src/outcome/fold.js';
import { bundledLab, eventsOf } from './runs.js';

const node = (name: string, position?: { x: number; y: number }): Topology['nodes'][number] => ({
	...{ name, role: 'app', memoryMiB: 512, diskMiB: 4096, alias: '10.0.0.1/24', uplinkAddress: '10.0.2.11' },
	...(position ? { position } : {}),
});

const places = fc.array(fc.record({ x: fc.integer({ min: -3000, max: 3000 }), y: fc.integer({ min: -3000, max: 3000 }) }), { minLength: 1, maxLength: 9 });

test('no two boxes of a drawing touch, wherever the plan has its nodes, and all are on it', (t) => {
	fc.assert(
		fc.property(places, fc.boolean(), (positions, isPlaced) => {
			const nodes = positions.map((position, index) => node(`n${index}`, isPlaced ? position : undefined));
			const { width, height, centres } = layOut({ nodes, connections: [] });
			const points = [...centres.values()];
			const areApart = points.every((one, index) =>
				points.slice(index + 1).every((other) => Math.abs(one.x - other.x) > box.width || Math.abs(one.y - other.y) > box.height),
			);
			const isOn = points.every(({ x, y }) => x >= box.width / 2 && y >= box.height / 2 && x <= width - box.width / 2 && y <= height - box.height / 2);
			return points.length === nodes.length && areApart && isOn;
		}),
	);
	t.pass();
});

test('a drawing keeps the plan’s places: what is left, above and below there is so here', async (t) => {
	const { centres } = layOut(topologyOf(await bundledLab()));
	const of = (name: string) => centres.get(name) ?? { x: 0, y: 0 };
	t.true(of('immich-ml').x < of('immich-server').x && of('immich-server').x < of('postgres-pgvector').x);
	t.true(of('immich-server').y < of('immich-ml').y && of('immich-ml').y < of('redis').y);
});

test('nodes without places are below those that connect to them, rings of connections included', (t) => {
	const connections = [['a', 'b'], ['b', 'c'], ['c', 'a'], ['d', 'd']].map(([from = '', to = '']) => ({ from, to, port: 1, assertions: [] }));
	const { centres } = layOut({ nodes: ['a', 'b', 'c', 'd'].map((name) => node(name)), connections });
	t.is(centres.size, 4);
	const y = (name: string) => centres.get(name)?.y ?? 0;
	t.true(y('c') < y('a') || y('a') < y('b'));
});

test('a lab in which every node connects to every other is drawn in no time', (t) => {
	const names = Array.from({ length: 40 }, (_unused, index) => `n${index}`);
	const connections = names.flatMap((from) => names.map((to) => ({ from, to, port: 1, assertions: [] })));
	t.is(layOut({ nodes: names.map((name) => node(name)), connections }).centres.size, 40);
});

test('a connection has the status of the assertions over it', async (t) => {
	const lab = await bundledLab();
	const statusesOf = (state: Parameters<typeof connectionStates>[0]) =>
		connectionStates(state).map(({ connection: { from, to, port }, status }) => `${from} ${to}:${port} ${status}`);
	t.deepEqual(statusesOf(foldEvents(eventsOf(lab))), [
		'immich-server postgres-pgvector:5432 passed',
		'immich-server redis:6379 passed',
		'immich-server immich-ml:3003 passed',
		'immich-ml postgres-pgvector:5432 passed',
	]);
	const failed = statusesOf(foldEvents(eventsOf(lab, { fails: { node: 'redis', line: 10, output: '' } })));
	t.deepEqual(failed.filter((reported) => reported.endsWith('failed')), ['immich-server redis:6379 failed']);
	t.deepEqual(statusesOf(foldEvents(eventsOf(lab).slice(0, 1))).map((reported) => reported.replace(/.* (?=not run)/, '')), Array(4).fill('not run'));
});

test('no bars of one row of the timeline overlap, and each check has its bar', async (t) => {
	const state = foldEvents(eventsOf(await bundledLab()));
	const lanes = lanesOf(state);
	for (const { rows } of lanes) {
		for (const row of rows) for (const [index, bar] of row.entries()) t.true((row[index + 1]?.from ?? Infinity) >= bar.to);
	}
	const kinds = lanes.flatMap(({ rows }) => rows.flat().map(({ kind }) => kind));
	t.is(kinds.filter((kind) => kind === 'script').length, 4);
	t.is(kinds.filter((kind) => kind === 'assertion').length, 10);
});

test('stages of the lab that go on at once have rows of their own, and what is prepared for a node is in its lane', (t) => {
	const part = (at: number, type: 'stage-started' | 'stage-finished', stage: StageName, name?: string): RunEvent => ({
		...{ at, stage },
		...(name === undefined ? {} : { node: name }),
		...(type === 'stage-started' ? { type } : { type, status: 'passed', ms: 1000 }),
	});
	const state = foldEvents([
		{ at: 0, type: 'run-started', runId: 'r', lab: 'l', planSha256: '', nodes: [{ name: 'db', scripts: [] }, { name: 'web', scripts: [] }], tests: [], warnings: [], runDirectory: '/r' },
		part(0, 'stage-started', 'images'),
		part(0, 'stage-started', 'images', 'db'),
		part(1000, 'stage-finished', 'images', 'db'),
		part(1000, 'stage-started', 'accelerator'),
		part(2000, 'stage-finished', 'accelerator'),
		part(2000, 'stage-started', 'boot', 'db'),
		part(3000, 'stage-finished', 'boot', 'db'),
		{ ...part(4000, 'stage-finished', 'images'), ms: 4000 } as RunEvent,
	]);
	const lanes = lanesOf(state).map(({ name, rows }) => [name, ...rows.map((row) => row.map(({ label, kind, from, to }) => `${label} ${kind} ${from}-${to}`).join(', '))]);
	t.deepEqual(lanes, [
		['l', 'images stage 0-4000', 'accelerator stage 1000-2000'],
		['db', 'images stage 0-1000, boot machine 2000-3000'],
		['web'],
	]);
});

test('the lab as a file of its own', async (t) => {
	const topology = topologyOf(await bundledLab());
	const svg = topologySvg(topology);
	t.regex(svg, /^<svg [^>]*xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
	t.notRegex(svg, /<a |<script/);
	// Labels of connections that cross are beside each other.
	const labels = [...svg.matchAll(/<text x="([\d.]+)" y="([\d.]+)" text-anchor="middle">(\d+)/g)].map(([, x, y]) => ({ x: Number(x), y: Number(y) }));
	t.is(labels.length, 4);
	for (const [index, one] of labels.entries()) for (const other of labels.slice(index + 1)) t.true(Math.abs(one.x - other.x) > 60 || Math.abs(one.y - other.y) > 22);
	t.is(
		topologyMermaid({ ...topology, nodes: [node('a"]--x'), node('b')], connections: [{ from: 'a"]--x', to: 'b', port: 80, intent: 'x|"y"', assertions: [] }] }),
		'flowchart TD\n\tn0["a#34;#93;--x<br/>app<br/>10.0.0.1/24<br/>512 MiB"]\n\tn1["b<br/>app<br/>10.0.0.1/24<br/>512 MiB"]\n\tn0 -->|"80 x#124;#34;y#34;"| n1\n',
	);
});
