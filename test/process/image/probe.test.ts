/** What updates a mirror has: a server on this host's loopback that has some of them, asked by apt's own program. */
import { chmod, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { poll } from '../../../src/base/waiting.js';
import { probeUpdates } from '../../../src/image/archives.js';
import type { RunEventBody } from '../../../src/lab/events.js';
import { sourcesFrom } from '../../../src/prepare/sources.js';
import { startChild } from '../../../src/process/child.js';

/** Also of connections that are kept: this process ends when nothing is open any more. */
function end(server: Server): void {
	server.close();
	server.closeAllConnections();
}

/** Serves an InRelease file for each of some suites; resolves to its address. */
async function serve(t: ExecutionContext, suites: readonly string[]): Promise<string> {
	const server = createServer((request, response) => {
		const isThere = suites.some((suite) => request.url === `/debian/dists/${suite}/InRelease` || request.url === `/debian-security/dists/${suite}/InRelease`);
		response.writeHead(isThere ? 200 : 404).end(isThere ? 'Origin: Debian\n' : 'nothing');
	});
	t.teardown(() => end(server));
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const probed = test.macro(async (t, suites: string[], expected: string[] | undefined) => {
	const base = await serve(t, suites);
	t.deepEqual(await probeUpdates('trixie', { uri: `${base}/debian`, security: `${base}/debian-security` }), expected as never);
});
test('a mirror with all', probed, ['trixie', 'trixie-updates', 'trixie-security'], ['security', 'updates']);
test('one without security', probed, ['trixie', 'trixie-updates'], ['updates']);
test('one without updates', probed, ['trixie', 'trixie-security'], ['security']);
test('one with the release alone', probed, ['trixie'], []);
test('one that is none', probed, ['bookworm', 'bookworm-security'], undefined);

test('one that does not answer', async (t) => {
	// Nobody serves the discard port (RFC 863).
	t.is(await probeUpdates('trixie', { uri: 'http://127.0.0.1:9/debian' }), undefined);
});

test('a mirror without updates is asked once a suite, and what it lacks is reported once', async (t) => {
	const base = await serve(t, ['trixie', 'trixie-updates', 'bookworm', 'bookworm-updates', 'bookworm-security']);
	const events: RunEventBody[] = [];
	const findSources = sourcesFrom(`${base}/debian`, { built: 'ISOs', emit: (event) => events.push(event) });
	const [first, again, other] = await Promise.all([findSources('trixie'), findSources('trixie'), findSources('bookworm')]);
	t.deepEqual([first.updates, again.updates, other.updates], [['updates'], ['updates'], ['updates', 'security'].sort()] as never);
	t.deepEqual(events, [{ type: 'notice', message: 'the mirror gave no trixie-security: ISOs are built without, and stay so until `rehearse prune`' }]);
});

test('without a mirror nothing is asked: mmdebstrap takes updates by itself', async (t) => {
	t.deepEqual(await probeUpdates('trixie', {}), ['security', 'updates']);
});

test('who is killed while a mirror does not answer leaves no process and no file', async (t) => {
	let onAsked = () => {};
	const asked = new Promise<void>((resolve) => (onAsked = resolve));
	const server = createServer(() => onAsked());
	t.teardown(() => end(server));
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	const directory = await mkdtemp('/tmp/rehearse-probe-test-');
	t.teardown(() => rm(directory, { recursive: true, force: true }));
	await chmod(directory, 0o755);
	const module = pathToFileURL(path.join(import.meta.dirname, '..', '..', '..', 'src', 'image', 'archives.js')).href;
	const program = `const { probeUpdates } = await import(${JSON.stringify(module)}); await probeUpdates('trixie', { uri: 'http://127.0.0.1:${(server.address() as AddressInfo).port}/debian' });`;
	const prober = await startChild([process.execPath, '--input-type=module', '--eval', program], { env: { TMPDIR: directory } });
	t.teardown(() => prober.stop());
	await asked;
	t.is((await readdir(directory)).length, 1);
	process.kill(prober.pid, 'SIGKILL');
	await prober.exited;
	const left = async () => [...(await readdir(directory)), ...(await runningWith(directory))];
	t.deepEqual((await poll(left, (names) => names.length === 0, { intervalMs: 20, deadlineMs: 20_000 })).last, []);
});

/** The command lines of processes that have a text in theirs. */
async function runningWith(text: string): Promise<readonly string[]> {
	const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
	const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')));
	return lines.map((line) => line.replaceAll('\0', ' ')).filter((line) => line.includes(text));
}

test('an abort ends the wait', async (t) => {
	const server = createServer(() => undefined);
	t.teardown(() => end(server));
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	const uri = `http://127.0.0.1:${(server.address() as AddressInfo).port}/debian`;
	const aborting = new AbortController();
	const reason = new Error('interrupted');
	setTimeout(() => aborting.abort(reason), 200);
	t.is(await t.throwsAsync(probeUpdates('trixie', { uri }, aborting.signal)), reason);
});
