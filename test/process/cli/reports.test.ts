/** Reports that are made again of a run: for CI, the page, the drawing of a lab. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'ava';
import { makeRun } from './finished-run.js';

test('reports of a run for CI, the page, and the graph of a lab', async (t) => {
	const tool = await makeRun(t, { fails: { node: 'redis', line: 10, output: '::error::owned\n' } });
	const page = await tool.rehearse(['report', '--html']);
	t.is(page.stdout, path.join(tool.run, 'report.html'));
	t.regex(await readFile(page.stdout, 'utf8'), /redis › line 10/);
	const inLab = { env: { GITHUB_ACTIONS: 'true' } };
	const github = await tool.rehearse(['report', '--format', 'github'], inLab);
	t.regex(github.stderr, /^::error file=lab\/startup\/redis\.sh,line=10,title=redis%3A startup script redis failed::/m);
	t.regex(github.stderr, /^::error file=lab\/plan\.json,line=\d+,title=Stack ports listen › redis failed::/m);
	const summary = await tool.rehearse(['report'], inLab);
	t.notRegex(summary.stdout, /^\s*::/m);
	const quality = JSON.parse((await tool.rehearse(['report', '--format', 'code-quality'])).stdout) as { location: { path: string } }[];
	t.deepEqual([...new Set(quality.map(({ location }) => location.path))], ['lab/startup/redis.sh', 'lab/plan.json']);
	t.regex((await tool.rehearse(['report', '--format', 'markdown'])).stdout, /^## ✖ failed immich-photo-vault/);
	t.regex((await tool.rehearse(['graph', 'lab', '--format', 'mermaid'])).stdout, /n0 -->\|"5432"\| n2/);
	t.is((await tool.rehearse(['graph', 'lab', '--out', 'lab.svg'])).exitCode, 0);
	t.regex(await readFile(path.join(tool.directory, 'lab.svg'), 'utf8'), /^<svg /);
});
