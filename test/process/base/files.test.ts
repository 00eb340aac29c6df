/** Directories are made on a real file system. */
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { makeDirectory, replaceFile } from '../../../src/base/files.js';

async function emptyDirectory(t: ExecutionContext): Promise<string> {
	const directory = await mkdtemp(path.join(os.tmpdir(), 'rehearse-files-'));
	t.teardown(() => rm(directory, { recursive: true, force: true }));
	return directory;
}

test('a directory is made with those above it, by several at once, and may be there already', async (t) => {
	const above = path.join(await emptyDirectory(t), 'a', 'b');
	const directory = path.join(above, 'c');
	await Promise.all(Array.from({ length: 5 }, () => makeDirectory(directory, 0o700)));
	await makeDirectory(directory);
	for (const made of [above, directory]) t.is((await stat(made)).mode & 0o777, 0o700);
});

test('where a file is in the way, the error reports that', async (t) => {
	const file = path.join(await emptyDirectory(t), 'file');
	await writeFile(file, '');
	await t.throwsAsync(makeDirectory(file), { code: 'EEXIST' });
	await t.throwsAsync(makeDirectory(path.join(file, 'below')), { code: 'ENOTDIR' });
});

test('where the kernel lets nobody make one, it ends with an error', async (t) => {
	await t.throwsAsync(makeDirectory('/proc/none/below'), { code: 'ENOENT' });
});

test('a file is replaced as a whole, and what could not be written leaves nothing', async (t) => {
	const directory = await emptyDirectory(t);
	const file = path.join(directory, 'note');
	await replaceFile(file, 'one', 0o600);
	await Promise.all(Array.from({ length: 20 }, (_, index) => replaceFile(file, String(index).repeat(1000))));
	t.regex(await readFile(file, 'utf8'), /^(\d+?)\1{999}$/);
	await mkdir(path.join(directory, 'taken', 'by'), { recursive: true });
	await t.throwsAsync(replaceFile(path.join(directory, 'taken'), 'text'));
	t.deepEqual((await readdir(directory)).sort(), ['note', 'taken']);
});
