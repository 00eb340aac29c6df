import test from 'ava';
import { bootstrapFailure, mmdebstrapArgv } from '../../../src/image/build.js';
import type { GuestDefinition, ImageRequest } from '../../../src/image/guest.js';
import type { Mirror } from '../../../src/image/mirror.js';
import { argumentLines, matchesGolden } from '../base/golden.js';

const guest: GuestDefinition = { suite: 'trixie', components: ['main', 'contrib'], base: [], tool: [], features: {}, absent: {} };
const request: ImageRequest = { suite: 'trixie', packages: ['cloud-init', 'jq'], nodes: ['one', 'two'] };

const argv = (mirror: Mirror) =>
	mmdebstrapArgv(request, `/o'neill/my scratch/root.tar`, { guest, mirror, scratch: `/o'neill/my scratch` });

test("mmdebstrap's arguments", (t) => {
	matchesGolden(t, 'image/golden/mmdebstrap.txt', argumentLines(argv({})));
});

test('mirror and proxy of the host are passed on, the mirror last', (t) => {
	const plain = argv({});
	const mirrored = argv({ uri: 'http://mirror.example/debian', proxy: 'http://proxy.example:3128' });
	t.is(mirrored.at(-1), 'http://mirror.example/debian');
	t.deepEqual(
		mirrored.filter((word) => !plain.includes(word)),
		['--aptopt=Acquire::http::Proxy "http://proxy.example:3128"', 'http://mirror.example/debian'],
	);
});

const reported = test.macro((t, log: string, expected: { code: string; exitCode: number; message: RegExp; node?: string }) => {
	const { message, ...rest } = expected;
	const failure = bootstrapFailure(log, request);
	t.like(failure, rest);
	t.regex(failure.message, message);
	t.truthy(failure.hint ?? failure.detail);
});

test('a package that does not exist is told with node and package', reported, 'I: running apt-get update...\nE: Unable to locate package jqq\nE: apt-get failed', {
	code: 'package-unknown',
	exitCode: 2,
	node: 'one',
	message: /^one, two: .*'jqq'/,
});
test('so is one that is only referred to', reported, "E: Package 'python' has no installation candidate\n", {
	code: 'package-unknown',
	exitCode: 2,
	node: 'one',
	message: /'python'/,
});

const unreachable = { code: 'mirror-unreachable', exitCode: 3, message: /one, two.*mirror cannot be reached/ };
test('no name service', reported, "Err:1 http://deb.example trixie InRelease\n  Temporary failure resolving 'deb.example'\n", unreachable);
test('no such host', reported, "  Could not resolve 'deb.example'\nE: Failed to fetch", unreachable);
test('no route', reported, '  Could not connect to deb.example:80 (192.0.2.1), connection timed out\n', unreachable);
test('no listener', reported, '  Unable to connect to deb.example:http:\n', unreachable);

test('anything else is a broken tool, with the end of the log', (t) => {
	const log = Array.from({ length: 50 }, (_, index) => `line ${index}`).join('\n');
	const failure = bootstrapFailure(log, request);
	t.like(failure, { code: 'image-build-failed', exitCode: 4, node: undefined });
	t.true(failure.detail?.startsWith('line 30\n'));
	t.true(failure.detail?.endsWith('\nline 49'));
});

test('of a log that ends with mmdebstrap cleaning up, what comes before is told', (t) => {
	const steps = ['I: running special hook', 'tar: .: file changed', 'E: setup failed: E: hook failed'];
	const failure = bootstrapFailure([...steps, ...Array.from({ length: 40 }, () => 'W: umount ./dev/random failed')].join('\n'), request);
	t.is(failure.detail, steps.join('\n'));
});
