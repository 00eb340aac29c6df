/** What `bundle` and `open` report of machines. */
import test from 'ava';
import type { BundleManifest } from '../../../src/bundle/manifest.js';
import { importedObject, renderBundle, renderImported } from '../../../src/report/bundle.js';
import type { RunResult } from '../../../src/outcome/result.js';

const manifest: BundleManifest = {
	schema: 2,
	kind: 'rehearse bundle',
	tool: '0.1.0',
	run: '20261124T151155-shop-eb6e',
	lab: 'shop',
	verdict: 'failed',
	made_at: '2026-11-24T15:20:00.000Z',
	redacted: false,
	secrets: [{ path: 'checkpoint', holds: ['all that the machines hold'] }],
	files: [{ path: 'events.ndjson', bytes: 1, sha256: '0'.repeat(64) }],
	machines: { checkpoint: '0123456789abcdef', nodes: ['web', 'mail'], absent: ['\u001b[2Jdb'], files: [] },
};

test('a bundle lists which machines it has, and which it has not', (t) => {
	t.is(
		renderBundle({ file: '/here/run.tar.gz', bytes: 2 ** 28, manifest }, { color: false }),
		`/here/run.tar.gz  256 MiB
  1 file of 20261124T151155-shop-eb6e: shop failed
  the machines themselves: web, mail
  without db, which did not run any more
  holds secrets, as machines cannot be freed of them:
    checkpoint  all that the machines hold
`,
	);
});

test('so does whoever opens it, and a stranger moves no cursor', (t) => {
	const text = renderImported({ directory: '/runs/x', manifest, plan: undefined }, { color: false });
	t.regex(text, /\n {2}the machines themselves: web, mail\n {2}without db, which did not run any more\n/);
});

test('a program gets what became of the lab', (t) => {
	const imported = { directory: '/runs/x', manifest, plan: undefined };
	t.like(JSON.parse(importedObject(imported, {} as RunResult, { name: 'shop-opened', up: true })), { plan: null, lab: { name: 'shop-opened', up: true } });
	t.false('lab' in (JSON.parse(importedObject(imported, {} as RunResult)) as object));
});
