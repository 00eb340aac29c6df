/** The pages that a real QEMU has changed of a memory that it maps, moved into another QEMU. */
import { mkdtemp, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { diskUsage } from '../../../src/base/disk-usage.js';
import { loadPrivatePages, savePrivatePages } from '../../../src/machine/private-pages.js';
import { Qmp } from '../../../src/machine/qmp.js';
import { connectUnix } from '../../../src/machine/socket.js';
import { startChild, type Child } from '../../../src/process/child.js';

const mib = 2 ** 20;
const memoryMiB = 64;

async function scratch(t: ExecutionContext): Promise<string> {
	const directory = await mkdtemp(path.join(os.tmpdir(), 'pages-'));
	t.teardown(() => rm(directory, { recursive: true, force: true }));
	return directory;
}

/** A QEMU that is halted, and has `ram` as its memory as a restored machine has. @param loaded files, by address, that it writes there */
async function startQemu(t: ExecutionContext, ram: string, loaded: Readonly<Record<number, string>> = {}) {
	const socket = path.join(await scratch(t), 'qmp');
	let child: Child | undefined;
	t.teardown(() => child?.stop({ graceMs: 1000 }));
	child = await startChild([
		'qemu-system-x86_64',
		...['-S', '-nodefaults', '-display', 'none', '-accel', 'tcg', '-m', String(memoryMiB)],
		...['-object', `memory-backend-file,id=ram,size=${memoryMiB}M,mem-path=${ram},share=off,readonly=on,rom=off`],
		...['-machine', 'q35,memory-backend=ram', '-qmp', `unix:${socket},server=on,wait=off`],
		...Object.entries(loaded).flatMap(([address, file]) => ['-device', `loader,file=${file},addr=${address},force-raw=on`]),
	]);
	const qmp = await Qmp.connect(await connectUnix(socket, 10_000));
	const read = async (address: number, size: number): Promise<Buffer> => {
		const file = path.join(path.dirname(socket), 'read');
		await qmp.execute('pmemsave', { val: address, size, filename: file });
		return readFile(file);
	};
	return { pid: child.pid, read };
}

/** A memory that has something in it already, and as many bytes of a letter in a file. */
async function makeFiles(t: ExecutionContext) {
	const directory = await scratch(t);
	const ram = path.join(directory, '0.ram');
	await writeFile(ram, Buffer.concat([Buffer.alloc(20 * mib), Buffer.alloc(4 * mib, 'b')]));
	await truncate(ram, memoryMiB * mib);
	const put = async (letter: string, bytes: number) => {
		const file = path.join(directory, letter);
		await writeFile(file, Buffer.alloc(bytes, letter));
		return file;
	};
	return { directory, ram, put };
}

test('what one machine has changed, another has that was restored with it, and nothing else', async (t) => {
	const { directory, ram, put } = await makeFiles(t);
	const before = await readFile(ram);
	const changed = { [2 * mib]: await put('x', 5000), [21 * mib + 100]: await put('y', 3 * mib), [memoryMiB * mib - 4096]: await put('z', 4096) };
	const one = await startQemu(t, ram, changed);
	const pages = path.join(directory, '0.pages');
	await savePrivatePages(one.pid, ram, pages);
	t.true((await stat(pages)).size < 5 * mib, 'no more than what it has written');

	const other = await startQemu(t, ram);
	t.true((await other.read(2 * mib, 4096)).equals(Buffer.alloc(4096)));
	await loadPrivatePages(other.pid, ram, pages);
	t.true((await other.read(2 * mib, 5000)).equals(Buffer.alloc(5000, 'x')));
	t.true((await other.read(21 * mib, 100)).equals(Buffer.alloc(100, 'b')), 'what was there before a page was written to');
	t.true((await other.read(21 * mib + 100, 3 * mib)).equals(Buffer.alloc(3 * mib, 'y')));
	t.true((await other.read(24 * mib - 100, 200)).equals(Buffer.alloc(200, 'y')));
	t.true((await other.read(memoryMiB * mib - 4096, 4096)).equals(Buffer.alloc(4096, 'z')));
	t.true((await readFile(ram)).equals(before), 'the file is as it was');

	// What was loaded is the other's own as well: it can be saved again.
	const again = path.join(directory, '1.pages');
	await savePrivatePages(other.pid, ram, again);
	const third = await startQemu(t, ram);
	await loadPrivatePages(third.pid, ram, again);
	t.true((await third.read(0, 32 * mib)).equals(await other.read(0, 32 * mib)));
});

test('a machine that has changed nothing has no pages', async (t) => {
	const { directory, ram } = await makeFiles(t);
	const untouched = path.join(directory, 'untouched');
	await writeFile(untouched, '');
	const { pid } = await startQemu(t, ram);
	const pages = path.join(directory, '0.pages');
	await savePrivatePages(pid, ram, pages);
	// But for what QEMU itself puts into the memory of a machine that has not begun.
	t.true((await diskUsage(pages)) < mib);
});

const refused = test.macro({
	title: (title) => `not loaded: ${title}`,
	async exec(t, pages: readonly number[], message: RegExp) {
		const { directory, ram } = await makeFiles(t);
		const { pid, read } = await startQemu(t, ram);
		const file = path.join(directory, '0.pages');
		await writeFile(file, Buffer.from(Float64Array.from(pages).buffer));
		const before = await read(0, 32 * mib);
		await t.throwsAsync(loadPrivatePages(pid, ram, file), { message });
		t.true((await read(0, 32 * mib)).equals(before));
	},
});
test('an empty file', refused, [], /only 0 of 8 bytes/);
test('no number of stretches', refused, [Number.NaN, 0, 0], /does not begin as one/);
test('a number below none', refused, [-1, 0, 0], /does not begin as one/);
test('more stretches than there is room for', refused, [2 ** 40, 0, 0], /does not begin as one/);
test('more stretches than the memory has pages', refused, [memoryMiB * 256 + 1, ...Array<number>(memoryMiB * 512 + 3).fill(0)], /does not begin as one/);
test('pages behind the end of the memory', refused, [1, memoryMiB * mib, 8, 0], /is of another memory/);
test('pages before its beginning', refused, [1, -4096, 8, 0], /is of another memory/);
test('a stretch without a length', refused, [1, 0, Number.NaN, 0], /is of another memory/);
test('a file cut off', refused, [1, 0, 4096, 0], /only 8 of 4096 bytes/);

test('a process that has not mapped the memory has no pages of it', async (t) => {
	const { directory, ram } = await makeFiles(t);
	const pages = path.join(directory, '0.pages');
	await t.throwsAsync(savePrivatePages(process.pid, ram, pages), { message: /has not mapped .*0\.ram as one/ });
});
