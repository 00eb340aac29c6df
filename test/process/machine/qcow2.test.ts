/** An empty disk as QEMU's own tools see it. */
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import test from 'ava';
import { createQcow2, findQcow2Danger, judgeQcow2 } from '../../../src/machine/qcow2.js';
import { run } from '../../../src/process/run.js';

const GiB = 2 ** 30;

const readable = test.macro({
	exec: async (t, diskBytes: number) => {
		const directory = await mkdtemp(path.join(os.tmpdir(), 'qcow2-'));
		t.teardown(() => rm(directory, { recursive: true, force: true }));
		const file = path.join(directory, 'disk.qcow2');
		await createQcow2(file, diskBytes);
		const info = JSON.parse((await run(['qemu-img', 'info', '--output=json', file])).stdout) as Record<string, unknown>;
		t.like(info, { format: 'qcow2', 'virtual-size': diskBytes, 'cluster-size': 65_536 });
		const check = JSON.parse((await run(['qemu-img', 'check', '--output=json', '-f', 'qcow2', file])).stdout) as Record<string, unknown>;
		t.is(check['check-errors'], 0);
		t.is(check['leaks'] ?? 0, 0);
		t.is(check['image-end-offset'], (await stat(file)).size);
		await run(['qemu-io', '-f', 'qcow2', '-c', `write -P 7 ${diskBytes - 512} 512`, '-c', `read -P 7 ${diskBytes - 512} 512`, file]);
		await run(['qemu-img', 'check', '-q', '-f', 'qcow2', file]);
		await t.throwsAsync(createQcow2(file, diskBytes), { code: 'EEXIST' });
	},
	title: (_, diskBytes: number) => `a disk of ${diskBytes / GiB} GiB`,
});
test(readable, GiB / 1024);
test(readable, 8 * GiB);
test(readable, 24 * GiB);
test(readable, 8192 * GiB);

test('a disk of a stranger is judged by its header', async (t) => {
	const directory = await mkdtemp(path.join(os.tmpdir(), 'qcow2-'));
	t.teardown(() => rm(directory, { recursive: true, force: true }));
	const make = async (name: string, options: string) => {
		const file = path.join(directory, name);
		await run(['qemu-img', 'create', '-q', '-f', 'qcow2', '-o', options, file, '8M']);
		return findQcow2Danger(file);
	};
	const own = path.join(directory, 'own');
	await createQcow2(own, GiB);
	t.is(await findQcow2Danger(own), undefined);
	t.is(await make('plain', 'compat=1.1'), undefined);
	t.regex((await make('elsewhere', `data_file=${path.join(directory, 'data')}`)) ?? '', /its data may be in another file/);
	t.regex((await make('old', 'compat=0.10')) ?? '', /no qcow2, version 3/);
	const header = (await readFile(own)).subarray(0, 104);
	header.writeUInt32BE(2, 32);
	t.is(judgeQcow2(header), 'it is encrypted');
	t.regex(judgeQcow2(Buffer.from('QFI')) ?? '', /no qcow2/);
});
