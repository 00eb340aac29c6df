import test from 'ava';
import { Failure } from '../../../src/base/errors.js';
import type { RunResult } from '../../../src/outcome/result.js';
import { importedObject, renderImported } from '../../../src/report/bundle.js';
import { usualCpuMs } from '../base/cost.js';
import { isEvilJson as isEvil } from '../base/evil.js';
import { isBundled, parseBundleManifest, unpackedBytes } from '../../../src/bundle/manifest.js';

const file = (path: string, bytes = 1) => ({ path, bytes, sha256: '0'.repeat(64) });
const good = {
	schema: 1,
	kind: 'rehearse bundle',
	tool: '0.1.0',
	run: '20261124T151155-pair-eb6e',
	lab: 'pair',
	verdict: 'failed',
	made_at: '2026-11-24T15:20:00.000Z',
	redacted: false,
	secrets: [{ path: 'plan/plan.yaml', holds: ['password of ops'] }],
	files: [file('events.ndjson'), file('plan/plan.yaml'), file('plan/startup/web.sh')],
};

test('an intact manifest', (t) => t.deepEqual(parseBundleManifest(JSON.stringify(good)), good as never));

const refused = test.macro((t, changes: object, message: RegExp) => {
	const failure = t.throws(() => parseBundleManifest(JSON.stringify({ ...good, ...changes })), { instanceOf: Failure, message });
	t.is(failure.exitCode, 2);
});

test('another schema', refused, { schema: 3 }, /has the schema 3, which this version does not know/);
test('something else', refused, { kind: 'checkpoint' }, /is not that of a bundle/);
test('no run', refused, { run: undefined }, /does not name its run/);
test('a run that leads elsewhere', refused, { run: '../x' }, /does not name its run/);
test('a run that is hidden', refused, { run: '.ssh' }, /does not name its run/);
test('no lab', refused, { lab: 1 }, /lacks a property/);
test('nothing on secrets', refused, { secrets: undefined }, /does not list its secrets/);
test('no files', refused, { files: {} }, /does not list its files/);
test('a checksum that is none', refused, { files: [{ ...file('events.ndjson'), sha256: 'x' }] }, /does not list its files/);
test('a negative size', refused, { files: [file('events.ndjson', -1)] }, /does not list its files/);
test('a file twice', refused, { files: [file('plan/a'), file('plan/a')] }, /lists a file twice/);
test('a file in a file', refused, { files: [file('plan/a'), file('plan/a/b')] }, /lists a file inside a file/);
test('more than there is room for', refused, { files: [file('plan/a', 2 ** 33)] }, /more bytes than a run can have/);
for (const path of ['../x', '/etc/passwd', 'plan/../../x', 'plan//x', 'plan/./x', 'plan\\x', 'plan/a\nb', 'plan', 'pid', 'disks/x', 'manifest.json', 'x/plan/y']) {
	test(`the path ${JSON.stringify(path)}`, refused, { files: [file(path)] }, /which is not a file of a run/);
}

test('a file that is larger than a log may become', refused, { files: [file('events.ndjson', 2 ** 28 + 1)] }, /a file that is larger than any of a run/);
test('a path that no archive has room for', refused, { files: [file(`plan/${'a'.repeat(252)}`)] }, /a path that is too long/);
test('a file inside a file, far below', refused, { files: [file('plan/a/b'), file('plan/a/b/c/d/e/f')] }, /lists a file inside a file/);

test.serial('a manifest as deep and as long as it can be is judged at once', async (t) => {
	const files = (path: string) => Array.from({ length: 10_000 }, (_, count) => file(`${path}${count}`));
	for (const manifest of [{ files: [file(`plan/${'a/'.repeat(100_000)}b`)] }, { files: files(`plan/${'a/'.repeat(120)}`) }, { files: files('../') }]) {
		const text = JSON.stringify({ ...good, ...manifest });
		const ms = await usualCpuMs(3000, () => {
			try {
				parseBundleManifest(text);
			} catch (error) {
				t.true(error instanceof Failure && error.message.length < 1000);
			}
		});
		t.true(ms < 3000, `${ms} ms`);
	}
});

/** All that turns text around, ends a line, moves a cursor or commands a CI runner. */
const evil = ['\x1b[2J', '\x9b31m', '\x85', '\u202e', '\u2066', '\u200f', '\u061c', '\u2028', '\u2029', '\u{e0041}', '##[error]', '##vso[task.x]', '##teamcity[x]', '::error::'];

for (const text of evil) {
	test(`a path with ${encodeURIComponent(text)}`, refused, { files: [file(`plan/ ${text}x.yaml`)] }, /which is not a file of a run/);
	test(`texts and keys with ${encodeURIComponent(text)}`, (t) => {
		const spoiled = { ...good, ...withMachines({ nodes: [text], absent: [text] }), lab: text, tool: text, verdict: text, made_at: text, secrets: [{ path: text, holds: [text] }], [text]: text };
		const manifest = parseBundleManifest(JSON.stringify(spoiled));
		// Each text on a line of its own, as a renderer may put it.
		const lines = (json: string) => json.replaceAll('"', '\n');
		t.true(isEvil(lines(JSON.stringify(spoiled))));
		t.false(isEvil(lines(JSON.stringify(manifest))), JSON.stringify(manifest));
		const imported = { directory: '/runs/x', manifest, plan: `/runs/x/plan/${text}` };
		t.false(isEvil(renderImported(imported, { color: false })));
		t.false(isEvil(lines(importedObject(imported, {} as RunResult))));
	});
}

test('what is no JSON', (t) => {
	for (const text of ['', '{', 'null', '[]', '7']) t.throws(() => parseBundleManifest(text), { instanceOf: Failure });
});

test('what belongs into a bundle', (t) => {
	for (const path of ['events.ndjson', 'result.json', 'machines.json', 'seeds/a.iso', 'consoles/a.log', 'journals/a.log']) t.true(isBundled(path), path);
	for (const path of ['pid', 'ssh_config', 'known_hosts', 'disks/a.qcow2', 'eventsxndjson', 'result.json.bak']) t.false(isBundled(path), path);
});

const key = '0123456789abcdef';
const ofMachine = (path: string, more: object = {}) => ({ path, bytes: 4096, extents: [[0, 10], [100, 20]], crc32: 7, ...more });
const machineFiles = [ofMachine(`checkpoint/${key}/0.ram`), ofMachine(`checkpoint/${key}/checkpoint.json`), ofMachine(`images/${key}/root.img`, { bytes: 2 ** 33, extents: [[2 ** 32, 2 ** 20]] })];
const machines = { checkpoint: key, nodes: ['web'], absent: [], files: machineFiles };
const withMachines = (more: object = {}) => ({ schema: 2, machines: { ...machines, ...more } });

test('a manifest with machines', (t) => {
	const manifest = parseBundleManifest(JSON.stringify({ ...good, ...withMachines() }));
	t.deepEqual(manifest.machines, machines as never);
	t.is(unpackedBytes(manifest), 3 + 2 * (30 + 2 * 8192) + 2 ** 20 + 8192);
});

test('machines in the schema without them', refused, { machines }, /has machines, but not the schema 2/);
test('the schema of machines without them', refused, { schema: 2 }, /has the schema 2, but no machines/);
test('machines without a checkpoint', refused, withMachines({ checkpoint: 'fedcba9876543210' }), /does not list the checkpoint of its machines/);
test('machines without names', refused, withMachines({ nodes: [7] }), /does not name its machines/);
test('machines without files', refused, withMachines({ files: 7 }), /does not list the files of its machines/);
test('a file of a machine twice', refused, withMachines({ files: [...machineFiles, machineFiles[0]] }), /lists a file of a machine twice/);

const strange = test.macro({
	exec: (t, more: object, message: RegExp) => {
		const files = [...machineFiles.slice(1), { ...machineFiles[0], ...more }];
		t.throws(() => parseBundleManifest(JSON.stringify({ ...good, ...withMachines({ files }) })), { instanceOf: Failure, message });
	},
	title: (title) => `a file of a machine: ${title}`,
});
test('out of its place', strange, { path: 'checkpoint/../../x' }, /which is not a file of a machine/);
test('somewhere else', strange, { path: 'plan/plan.yaml' }, /which is not a file of a machine/);
test('hidden', strange, { path: `checkpoint/${key}/.x` }, /which is not a file of a machine/);
test('in a directory of its own', strange, { path: `images/${key}/a/b` }, /which is not a file of a machine/);
test('no checksum', strange, { crc32: -1 }, /has an invalid entry for a file of a machine/);
test('a checksum that is too long', strange, { crc32: 2 ** 32 }, /has an invalid entry for a file of a machine/);
test('of more bytes than any machine has', strange, { bytes: 2 ** 50 }, /more than any machine has/);
test('a description of more bytes than are read at once', strange, { path: `checkpoint/${key}/lab.json`, bytes: 2_000_000_000, extents: [] }, /lab\.json" with 2000000000 bytes, more than such a file has/);
test('a kernel of more bytes than any', strange, { path: `images/${key}/vmlinuz`, bytes: 2_000_000_000, extents: [] }, /vmlinuz" with 2000000000 bytes, more than such a file has/);
test('of an image that a machine does not need', strange, { path: `images/${key}/packages.txt` }, /which is not a file of a machine/);
test('with data behind its end', strange, { extents: [[4090, 7]] }, /behind its end/);
test('with data far behind its end', strange, { extents: [[2 ** 52, 1]] }, /behind its end/);
test('with data that overlap', strange, { extents: [[0, 10], [9, 2]] }, /out of order/);
test('with data backwards', strange, { extents: [[100, 10], [0, 10]] }, /out of order/);
test('with data of no length', strange, { extents: [[0, 0]] }, /out of order/);
test('with data of a negative place', strange, { extents: [[-1, 1]] }, /out of order/);
test('with data that are none', strange, { extents: [7] }, /out of order/);
test('without data', strange, { extents: undefined }, /has an invalid entry for a file of a machine/);
