import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { poll } from '../../../src/base/waiting.js';
import { watchFiles } from '../../../src/process/file-watch.js';

/** A directory with two files that are followed, and how often an edit was reported. */
async function start(t: ExecutionContext) {
	const directory = await mkdtemp(path.join(os.tmpdir(), 'watch-'));
	const inside = (name: string) => path.join(directory, name);
	await Promise.all(['plan.yaml', 'script.sh'].map((name) => writeFile(inside(name), 'old\n')));
	let edits = 0;
	const watch = watchFiles(() => (edits += 1));
	t.teardown(async () => {
		watch.close();
		await rm(directory, { recursive: true });
	});
	await watch.follow([inside('plan.yaml'), inside('script.sh')]);
	const edited = async (count: number) => {
		await poll(() => Promise.resolve(edits), (seen) => seen >= count, { intervalMs: 20, deadlineMs: 10_000 });
		// Time for one too many.
		await sleep(300);
		t.is(edits, count);
	};
	return { inside, watch, edited };
}

test('a file that is written over', async (t) => {
	const { inside, edited } = await start(t);
	await writeFile(inside('plan.yaml'), 'new\n');
	await edited(1);
	await writeFile(inside('script.sh'), 'new\n');
	await edited(2);
});

test('a file in whose place another is renamed, more than once', async (t) => {
	const { inside, edited } = await start(t);
	for (const count of [1, 2]) {
		await writeFile(inside('.script.sh.tmp'), `new ${count}\n`);
		await rename(inside('script.sh'), inside('script.sh~'));
		await rename(inside('.script.sh.tmp'), inside('script.sh'));
		await edited(count);
	}
});

test('several writes in one go are one edit, what changes nothing is none, nor is another file', async (t) => {
	const { inside, edited } = await start(t);
	await writeFile(inside('other'), 'new\n');
	await writeFile(inside('plan.yaml'), 'old\n');
	await edited(0);
	await Promise.all([writeFile(inside('plan.yaml'), 'new\n'), writeFile(inside('script.sh'), 'new\n')]);
	await edited(1);
});

test('a directory that is removed and made again, or replaced by another', async (t) => {
	const { inside, watch, edited } = await start(t);
	const script = inside('startup/web.sh');
	await watch.follow([inside('plan.yaml'), script]);
	// That it was not there is known; that it is there now is an edit, and so is each that follows.
	for (const count of [1, 3]) {
		await mkdir(inside('startup'));
		await writeFile(script, `new ${count}\n`);
		await edited(count);
		await rm(inside('startup'), { recursive: true });
		await edited(count + 1);
	}
	await mkdir(inside('aside'));
	await writeFile(inside('aside/web.sh'), 'another\n');
	await rename(inside('aside'), inside('startup'));
	await edited(5);
	await writeFile(script, 'edited\n');
	await edited(6);
	// A file in its place cannot be watched as a directory is, and is no end of watching.
	await rm(inside('startup'), { recursive: true });
	await writeFile(inside('startup'), 'no directory\n');
	await edited(7);
	await writeFile(inside('plan.yaml'), 'new\n');
	await edited(8);
});

test('a directory further up that is replaced by another, and what is edited below that', async (t) => {
	const { inside, watch, edited } = await start(t);
	const script = inside('scripts/for/web/setup.sh');
	for (const name of ['scripts', 'next']) {
		await mkdir(inside(`${name}/for/web`), { recursive: true });
		await writeFile(inside(`${name}/for/web/setup.sh`), `${name}\n`);
	}
	await watch.follow([inside('plan.yaml'), script]);
	await rename(inside('scripts'), inside('old'));
	await rename(inside('next'), inside('scripts'));
	await edited(1);
	await writeFile(script, 'edited\n');
	await edited(2);
	await writeFile(inside('old/for/web/setup.sh'), 'edited, and no longer followed\n');
	await rename(inside('scripts/for'), inside('aside'));
	await edited(3);
	await rm(inside('scripts'), { recursive: true });
	// Each is there a moment later than the one above it.
	for (const name of ['scripts', 'scripts/for', 'scripts/for/web']) {
		await mkdir(inside(name));
		await sleep(150);
	}
	await writeFile(script, 'back\n');
	await edited(4);
	await writeFile(script, 'and edited\n');
	await edited(5);
});

test('a file that goes away and comes back', async (t) => {
	const { inside, edited } = await start(t);
	await rm(inside('script.sh'));
	await edited(1);
	await writeFile(inside('script.sh'), 'old\n');
	await edited(2);
});

test('an edit between two times of following is reported', async (t) => {
	const { inside, watch, edited } = await start(t);
	await writeFile(inside('plan.yaml'), 'new\n');
	await watch.follow([inside('plan.yaml'), inside('new.sh')]);
	await edited(1);
	await writeFile(inside('script.sh'), 'no longer followed\n');
	await edited(1);
	await writeFile(inside('new.sh'), 'new\n');
	await edited(2);
});
