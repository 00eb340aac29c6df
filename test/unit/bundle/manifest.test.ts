import test from 'ava';
import { Failure } from '../../../src/base/errors.js';
import { isBundled, parseBundleManifest } from '../../../src/bundle/manifest.js';

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

test('a manifest that is sound', (t) => t.deepEqual(parseBundleManifest(JSON.stringify(good)), good as never));

const refused = test.macro((t, changes: object, message: RegExp) => {
	const failure = t.throws(() => parseBundleManifest(JSON.stringify({ ...good, ...changes })), { instanceOf: Failure, message });
	t.is(failure.exitCode, 2);
});

test('another schema', refused, { schema: 3 }, /has the schema 3, of which this version knows nothing/);
test('something else', refused, { kind: 'checkpoint' }, /is that of something else/);
test('no run', refused, { run: undefined }, /names no run/);
test('a run that leads elsewhere', refused, { run: '../x' }, /names no run/);
test('a run that is hidden', refused, { run: '.ssh' }, /names no run/);
test('no lab', refused, { lab: 1 }, /lacks something/);
test('no word on secrets', refused, { secrets: undefined }, /does not say what it holds/);
test('no files', refused, { files: {} }, /does not list its files/);
test('a checksum that is none', refused, { files: [{ ...file('events.ndjson'), sha256: 'x' }] }, /does not list its files/);
test('a negative size', refused, { files: [file('events.ndjson', -1)] }, /does not list its files/);
test('a file twice', refused, { files: [file('plan/a'), file('plan/a')] }, /lists a file twice/);
test('a file in a file', refused, { files: [file('plan/a'), file('plan/a/b')] }, /lists a file in a file/);
test('more than there is room for', refused, { files: [file('plan/a', 2 ** 33)] }, /more than a run can have/);
for (const path of ['../x', '/etc/passwd', 'plan/../../x', 'plan//x', 'plan/./x', 'plan\\x', 'plan/a\nb', 'plan', 'pid', 'disks/x', 'manifest.json', 'x/plan/y']) {
	test(`the path ${JSON.stringify(path)}`, refused, { files: [file(path)] }, /which is no file of a run/);
}

test('what is no JSON', (t) => {
	for (const text of ['', '{', 'null', '[]', '7']) t.throws(() => parseBundleManifest(text), { instanceOf: Failure });
});

test('what belongs into a bundle', (t) => {
	for (const path of ['events.ndjson', 'result.json', 'machines.json', 'seeds/a.iso', 'consoles/a.log', 'journals/a.log']) t.true(isBundled(path), path);
	for (const path of ['pid', 'ssh_config', 'known_hosts', 'disks/a.qcow2', 'eventsxndjson', 'result.json.bak']) t.false(isBundled(path), path);
});
