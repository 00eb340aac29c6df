/** Images that cannot be built, and one that is wanted twice after a build of it was killed. */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import test from 'ava';
import { editLab, labDirectory, nodeOf } from './support/labs.js';
import { makeSandbox } from './support/sandbox.js';
import { resultIn, runTool, Tool } from './support/tool.js';

test.serial('a package that does not exist is named, with its node', async (t) => {
	t.timeout(5 * 60_000);
	const sandbox = await makeSandbox(t, 'empty');
	const lab = await editLab(sandbox, 'single', (plan) => nodeOf(plan, 'box').recipe.packages.push('no-such-thing'));
	const ended = await runTool(sandbox, ['run', lab, '--json']);
	t.is(ended.status, 2, ended.stderr + ended.stdout);
	const { error } = resultIn(ended);
	t.like(error, { code: 'package-unknown', node: 'box' });
	t.regex(error?.message ?? '', /'no-such-thing'/);
	t.deepEqual(await sandbox.leftovers(0), []);
});

test.serial('a mirror that cannot be reached', async (t) => {
	t.timeout(5 * 60_000);
	const sandbox = await makeSandbox(t, 'empty');
	// Nobody serves the discard port (RFC 863).
	const ended = await runTool(sandbox, ['run', labDirectory('single'), '--json', '--mirror', 'http://127.0.0.1:9/debian']);
	t.is(ended.status, 3, ended.stderr + ended.stdout);
	t.is(resultIn(ended).error?.code, 'mirror-unreachable');
	t.deepEqual(await sandbox.leftovers(0), []);
});

test.serial('two runs want an image whose build was killed: one of them builds it', async (t) => {
	t.timeout(15 * 60_000);
	const sandbox = await makeSandbox(t, 'empty');
	const start = () => new Tool(sandbox, ['run', labDirectory('single'), '--json']);
	const killed = start();
	await killed.reports(/images: box: extracting/, 120_000);
	killed.signal('SIGKILL');
	await killed.ended;

	const tools = [start(), start()];
	for (const tool of tools) await tool.reports(/choosing an accelerator/, 10 * 60_000);
	const waited = tools.filter(({ stderr }) => stderr.includes('another run builds this image; waiting for it'));
	const built = tools.filter(({ stderr }) => /images: box: installing/.test(stderr));
	t.is(built.length, 1);
	t.true(waited.length >= 1);
	const images = await readdir(path.join(sandbox.path, 'cache', 'rehearse', 'images'));
	t.is(images.length, 1, images.join(', '));
	for (const tool of tools) {
		tool.signal('SIGINT');
		t.is((await tool.ended).status, 130);
	}
	t.deepEqual(await sandbox.leftovers(10_000), []);
});
