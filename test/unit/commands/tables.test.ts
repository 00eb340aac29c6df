/** What the small commands print for people. */
import test from 'ava';
import { parseEventLog } from '../../../src/runs/event-log.js';
import { imagesObject, renderImages, type ShownImage } from '../../../src/report/images.js';
import { renderPrune } from '../../../src/report/prune.js';

const built: ShownImage = {
	key: '0123456789abcdef',
	directory: '/cache/images/0123456789abcdef',
	nodes: ['web', 'worker'],
	packages: ['curl', 'jq'],
	built: true,
	suites: ['trixie', 'trixie-updates'],
	installed: 208,
	bytes: 375 * 2 ** 20,
};
const missing: ShownImage = { ...built, key: 'fedcba9876543210', nodes: ['database'], built: false, suites: [], installed: 0, bytes: 0 };

test('images, built and not', (t) => {
	t.is(
		renderImages([built, missing], { color: false }),
		`image             nodes        packages                on disk
0123456789abcdef  web, worker  2 named, 208 installed  375 MiB  built
fedcba9876543210  database     2 named                          not built
`,
	);
});

test('images for programs: figures of an image that is not built are left out', (t) => {
	const { images } = imagesObject('lab', [built, missing]);
	t.like(images[0], { built: true, bytes: 375 * 2 ** 20, installed: 208 });
	t.false('bytes' in (images[1] ?? {}));
});

const outcome = {
	removed: [
		{ kind: 'image', path: '/cache/images/a', bytes: 2 ** 30 },
		{ kind: 'run', path: '/state/runs/b', bytes: 2 ** 20 },
	],
	kept: [{ kind: 'run', path: '/state/runs/c', bytes: 2 ** 21, reason: 'process 7 rehearses it' }],
} as const;

/** When it is in these tests. */
const now = Date.parse('2026-01-02T00:00:00Z');

test('what prune freed, and what it kept', (t) => {
	t.is(
		renderPrune(outcome, { list: false, color: false, now }),
		`image  /cache/images/a  1 GiB
run    /state/runs/b    1 MiB
run    /state/runs/c    2 MiB    kept: process 7 rehearses it
1.0 GiB freed.
`,
	);
	t.regex(renderPrune(outcome, { list: true, color: false, now }), /\n1\.0 GiB would be freed\.\n$/);
	t.regex(renderPrune({ removed: [], kept: outcome.kept }, { list: false, color: false, now }), /\nNothing to remove\.\n$/);
});

test('checkpoints: of what, how old, and when they were used', (t) => {
	const checkpoint = { lab: 'photos', saved_at: '2026-01-01T20:59:00Z', used_at: '2026-01-01T23:55:00Z' };
	const one = { kind: 'checkpoint', path: '/cache/checkpoints/a', bytes: 2 ** 28 } as const;
	const provisioned = { ...one, checkpoint: { ...checkpoint, kind: 'provisioned', nodes: ['redis'] } } as const;
	const started = { ...one, checkpoint: { ...checkpoint, kind: 'started', nodes: ['redis', 'web'] } } as const;
	const damaged = { ...one, checkpoint: { damaged: 'checkpoint.json is not JSON', used_at: checkpoint.used_at } };
	const unfinished = { ...one, path: '/cache/checkpoints/.a.7' };
	t.is(
		renderPrune(
			{ removed: [provisioned, damaged, unfinished], kept: [{ ...started, reason: 'a rehearsal runs from it' }] },
			{ list: true, color: false, now },
		),
		`checkpoint  /cache/checkpoints/a     256 MiB  photos: redis, provisioned 3 h ago, used 5 min ago
checkpoint  /cache/checkpoints/a     256 MiB  damaged: checkpoint.json is not JSON
checkpoint  /cache/checkpoints/.a.7  256 MiB
checkpoint  /cache/checkpoints/a     256 MiB  photos: 2 nodes, started 3 h ago, used 5 min ago    kept: a rehearsal runs from it
768 MiB would be freed.
`,
	);
});

const finished = '{"at":1,"type":"run-finished","ms":1}\n';

test('a log that ends in the middle of a line is read up to there', (t) => {
	t.is(parseEventLog(`${finished}${finished}{"at":2,"ty`, 'x').length, 2);
	t.deepEqual(parseEventLog('', 'x'), []);
});

for (const line of ['nonsense', 'null', '3', '{}', '{"type":"run-finished"}']) {
	test(`no event: ${line}`, (t) => {
		t.throws(() => parseEventLog(`${finished}${line}\n`, 'x.ndjson'), { code: 'usage', message: /^x\.ndjson:2: / });
	});
}
