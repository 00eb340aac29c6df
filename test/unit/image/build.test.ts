import test from 'ava';
import { allUpdates, type Sources } from '../../../src/image/archives.js';
import { mmdebstrapArgv } from '../../../src/image/build.js';
import { bootstrapFailure } from '../../../src/image/bootstrap.js';
import { layerArgv } from '../../../src/image/layer.js';
import type { GuestDefinition, ImageRequest } from '../../../src/image/guest.js';
import type { Mirror } from '../../../src/image/mirror.js';
import { argumentLines, matchesGolden } from '../base/golden.js';

const guest: GuestDefinition = { suite: 'trixie', components: ['main', 'contrib'], base: [], tool: [], features: {}, absent: {}, common: [] };
const request: ImageRequest = { suite: 'trixie', packages: ['cloud-init', 'jq'], nodes: ['one', 'two'] };

const scratch = `/o'neill/my scratch`;
const argv = (mirror: Mirror & { updates?: Sources['updates'] }, below?: { packages: string[] }) =>
	mmdebstrapArgv(request, `${scratch}/root.tar`, { guest, sources: { updates: allUpdates, ...mirror }, scratch, below });

test("mmdebstrap's arguments, for an image from nothing", (t) => {
	matchesGolden(t, 'image/golden/mmdebstrap.txt', argumentLines(argv({})));
});

test('for an image on a layer', (t) => {
	matchesGolden(t, 'image/golden/on-layer.txt', argumentLines(argv({}, { packages: ['cloud-init'] })));
});

test('for a layer', (t) => {
	const layer = layerArgv({ suite: 'trixie', packages: ['cloud-init'] }, '/cache/layer.tar', { guest, sources: { updates: allUpdates }, scratch });
	matchesGolden(t, 'image/golden/layer.txt', argumentLines(layer));
});

test('where a layer has all packages, nothing is installed on it', (t) => {
	t.false(argv({}, { packages: request.packages.slice() }).some((word) => word.includes('install.sh')));
});

test('a layer and an image get apt and dpkg the same options', (t) => {
	const options = (words: readonly string[]) => words.filter((word) => /^--(?:apt|dpkg)opt|^--components/.test(word));
	t.deepEqual(options(layerArgv({ suite: 'trixie', packages: [] }, '', { guest, sources: { updates: allUpdates }, scratch })), options(argv({})));
	t.deepEqual(options(argv({}, { packages: [] })), options(argv({})));
});

test('mirror and proxies of the host are passed on, the mirror last, without updates where it has none', (t) => {
	const plain = argv({});
	const mirrored = argv({ uri: 'http://mirror.example/debian', updates: [], proxies: { 'Acquire::http::Proxy': 'http://proxy.example:3128', 'Acquire::http::Proxy::mirror.example': 'DIRECT' } });
	t.is(mirrored.at(-1), 'http://mirror.example/debian');
	t.deepEqual(
		mirrored.filter((word) => !plain.includes(word)),
		['--aptopt=Acquire::http::Proxy "http://proxy.example:3128"', '--aptopt=Acquire::http::Proxy::mirror.example "DIRECT"', 'http://mirror.example/debian'],
	);
});

const updated = test.macro((t, sources: Sources, expected: string[]) => {
	const signed = 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]';
	t.deepEqual(argv(sources).slice(argv({}).length), expected.map((line) => line.replace(/^deb(?= )/, signed)));
});
const mirror = { uri: 'http://mirror.example/debian', security: 'http://security.example/d-s' };
const [updatesLine, securityLine] = ['deb http://mirror.example/debian trixie-updates main contrib', 'deb http://security.example/d-s trixie-security main contrib'];
test('updates are further sources, each where it is', updated, { ...mirror, updates: allUpdates }, ['http://mirror.example/debian', updatesLine, securityLine]);
test('those that the mirror has', updated, { ...mirror, updates: ['security'] }, ['http://mirror.example/debian', securityLine]);
test('security is left out where nobody knows where it is', updated, { uri: mirror.uri, updates: allUpdates }, ['http://mirror.example/debian', updatesLine]);
test('without a mirror mmdebstrap takes its own, and updates by itself', updated, { updates: allUpdates }, []);

const reported = test.macro((t, log: string, expected: { code: string; exitCode: number; message: RegExp; node?: string }) => {
	const { message, ...rest } = expected;
	const failure = bootstrapFailure(log, request);
	t.like(failure, rest);
	t.regex(failure.message, message);
	t.truthy(failure.hint ?? failure.detail);
});

test('a package that does not exist is reported with node and package', reported, 'I: running apt-get update...\nE: Unable to locate package jqq\nE: apt-get failed', {
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

const conflict = { code: 'packages-conflict', exitCode: 2, node: 'one', message: /^one, two: .*cannot be installed together/ };
test('packages that exclude each other are a fault of the recipe', reported, [
	'Reading package lists...',
	'The following packages have unmet dependencies:',
	' resolvconf : Conflicts: systemd-resolved but 257.8 is to be installed',
	'E: Unable to correct problems, you have held broken packages.',
	'E: apt-get failed',
].join('\n'), conflict);
test('so they are by the words of apt 3', reported, [
	'E: Unable to satisfy dependencies. Reached two conflicting assignments:',
	'   1. resolvconf:amd64 is selected for install',
	'   2. resolvconf:amd64 Conflicts systemd-resolved',
	'E: apt-get failed',
].join('\n'), conflict);

test('those that images share are no fault of a recipe', (t) => {
	const log = 'E: Unable to correct problems, you have held broken packages.';
	t.like(bootstrapFailure(log, request, { what: 'the image', command: 'rehearse image', isShared: true }), { code: 'image-build-failed', exitCode: 4 });
});

test('and the packages are named', (t) => {
	const own = ['E: Unable to satisfy dependencies. Reached two conflicting assignments:', '   1. resolvconf:amd64 is selected for install'];
	t.is(bootstrapFailure(['I: installing', ...own, 'E: setup failed: E: hook failed'].join('\n'), request).detail, own.join('\n'));
});

const full = { code: 'disk-full', exitCode: 3, message: /the image of one, two .*no room is left/ };
test('a full disk, found by dpkg', reported, [' failed to write (No space left on device)', ...Array.from({ length: 30 }, () => 'Errors were encountered while processing:')].join('\n'), full);
test('a full disk, found by apt', reported, "E: You don't have enough free space in /var/cache/apt/archives/.", full);
test('packages that no file system of an image has room for', reported, 'mke2fs: Could not allocate block in ext2 filesystem while populating file system', {
	code: 'image-too-large',
	exitCode: 2,
	node: 'one',
	message: /^one, two: .* more than 4 GiB/,
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

test('of a log that ends with mmdebstrap cleaning up, what comes before is reported', (t) => {
	const steps = ['I: running special hook', 'tar: .: file changed', 'E: setup failed: E: hook failed'];
	const failure = bootstrapFailure([...steps, ...Array.from({ length: 40 }, () => 'W: umount ./dev/random failed')].join('\n'), request);
	t.is(failure.detail, steps.join('\n'));
});

test('a long log is looked through once, whether or not it has the line that ends it', (t) => {
	const steps = 'Setting up a-package (1.0-1) ...\n'.repeat(200_000);
	const began = performance.now();
	t.is(bootstrapFailure(steps, request).code, 'image-build-failed');
	t.true(bootstrapFailure(`${steps}E: setup failed: E: hook failed\n`, request).detail?.endsWith('hook failed'));
	t.true(performance.now() - began < 5000);
});
