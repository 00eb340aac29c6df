/** An empty disk as QEMU's own tools see it. */
import { mkdtemp, rm, stat } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import test from 'ava';
import { createQcow2 } from '../../../src/machine/qcow2.js';
import { run } from '../../../src/process/run.js';

const GiB = 2 ** 30;

const sound = test.macro({
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
test(sound, GiB / 1024);
test(sound, 8 * GiB);
test(sound, 24 * GiB);
test(sound, 8192 * GiB);
