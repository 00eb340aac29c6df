/** What updates a mirror has: a server on this host's loopback that has some of them, asked by apt's own program. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { probeUpdates } from '../../../src/image/archives.js';

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

test('without a mirror nothing is asked: mmdebstrap takes updates by itself', async (t) => {
	t.deepEqual(await probeUpdates('trixie', {}), ['security', 'updates']);
});

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
