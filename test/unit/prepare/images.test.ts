/** In which order the images of a lab are built, and what a build waits for. */
import test from 'ava';
import { downloads, inBootOrder } from '../../../src/prepare/images.js';
import type { ImageRequest } from '../../../src/image/guest.js';
import type { ImageStoreOptions } from '../../../src/image/store.js';
import { labNode, labOf } from '../base/labs.js';

const ordered = test.macro((t, connections: readonly (readonly [string, string])[], expected: readonly string[]) => {
	const lab = { ...labOf(...['web', 'worker', 'db', 'cache'].map((name, index) => labNode(name, index))), connections: connections.map(([from, to]) => ({ from, to, port: 1 })) };
	const requests = [{ nodes: ['web', 'worker'] }, { nodes: ['db'] }, { nodes: ['cache'] }];
	t.deepEqual(inBootOrder(requests, lab).map(({ nodes }) => nodes.join(' ')), expected);
});
test('those first that others connect to', ordered, [['web', 'db'], ['web', 'cache'], ['worker', 'cache']], ['db', 'cache', 'web worker']);
test('one for several nodes as soon as for the first of them', ordered, [['web', 'worker'], ['worker', 'cache']], ['cache', 'web worker', 'db']);
test('as they are given where nobody connects', ordered, [], ['web worker', 'db', 'cache']);

test('a suite of which nothing is downloaded keeps none of its builds waiting for another suite', async (t) => {
	const guest = { suite: 'trixie', components: ['main'], base: [], tool: [], common: [], features: {}, absent: {} };
	const of = (suite: string): ImageRequest => ({ suite, packages: ['curl'], nodes: [suite] });
	const [trixie, bookworm] = [of('trixie'), of('bookworm')];
	// A mirror that does not answer for one of them, and none for the other.
	const findSources: ImageStoreOptions['findSources'] = (suite) => (suite === 'bookworm' ? new Promise(() => undefined) : Promise.resolve({ updates: [] }));
	const { until } = downloads([trixie, bookworm], { directory: '/nonexistent/images', guest, findSources, emit: () => undefined });
	const soon = <T>(promise: Promise<T>) => Promise.race([promise.then(() => 'ready'), new Promise<string>((resolve) => setTimeout(() => resolve('waits'), 200))]);
	t.deepEqual(await Promise.all([trixie, bookworm].map((request) => soon(until(request)))), ['ready', 'waits']);
});
