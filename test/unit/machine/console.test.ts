import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { Console, findFatal, maximumLogBytes } from '../../../src/machine/console.js';
import { liveFatalPatterns } from '../../../src/machine/live/live-machine.js';
import { usualCpuMs } from '../base/cost.js';

const fatal = test.macro({
	exec: (t, text: string, expected: string | undefined) => t.is(findFatal(text), expected),
	title: (_, text) => `console: ${JSON.stringify(text)}`,
});
test(fatal, '[    1.2] Kernel panic - not syncing: VFS: Unable to mount root fs\r\n', 'its kernel panicked: VFS: Unable to mount root fs');
test(fatal, 'Kernel panic - not syncing', undefined);
test(fatal, 'Kernel panic - not syncing:\r\n', 'its kernel panicked');
test(fatal, 'Kernel panic - not syncing: VFS', undefined);
test(fatal, 'You are in emergency mode. After logging in, type', 'it dropped to an emergency shell');
test(fatal, 'You are in rescue mode', 'it dropped to an emergency shell');
test(fatal, 'Give root password for maintenance\n(or press Control-D to continue):', 'it dropped to an emergency shell');
test(fatal, 'ALERT! /dev/vda does not exist.\r\n(initramfs) ', 'it dropped to the shell of its initial ramdisk');
test(fatal, 'running the (initramfs) scripts', undefined);
test(fatal, '[  OK  ] Reached target emergency.target', undefined);
test(fatal, 'web login: ', undefined);

test(fatal, `Kernel panic - not syncing: ${'a'.repeat(299)}\n`, `its kernel panicked: ${'a'.repeat(299)}`);
test(fatal, `Kernel panic - not syncing: ${'b'.repeat(5000)}`, `its kernel panicked: ${'b'.repeat(300)}`);

/** What fatal texts begin with, each again and again without what it would end with. */
const beginnings = ['Kernel panic - not syncing: ', 'Kernel panic - not syncing:', 'Timed out waiting for device ', 'error: file `', 'error: ', '(initramfs', 'grub', '\n'];

test.serial('a console that begins a fatal text again and again is read at once', async (t) => {
	// A part of it first: what takes its length squared would not end within a test.
	for (const length of [2 ** 16, 2 ** 20]) {
		const limitMs = length / 2000;
		for (const piece of beginnings) {
			const text = piece.repeat(length / piece.length);
			const ms = await usualCpuMs(limitMs, () => findFatal(text, liveFatalPatterns));
			t.true(ms < limitMs, `${JSON.stringify(piece)}: ${ms} ms for ${length} characters`);
			if (ms >= limitMs) return;
		}
	}
});

async function open(t: ExecutionContext): Promise<{ console: Console; file: string; seen: string[] }> {
	const directory = await mkdtemp(path.join(os.tmpdir(), 'rehearse-test-'));
	t.teardown(() => rm(directory, { recursive: true }));
	const seen: string[] = [];
	const file = path.join(directory, 'console.log');
	return { console: new Console(file, { onFatal: (meaning) => seen.push(meaning), onFull: () => seen.push('full') }), file, seen };
}

test('everything is written down, byte for byte', async (t) => {
	const { console, file } = await open(t);
	const chunks = [Buffer.from('\x1b[32mgr'), Buffer.from([0xc3]), Buffer.from([0xbc, 0x00, 0xff]), Buffer.from('\r\n')];
	for (const chunk of chunks) console.write(chunk);
	await console.close();
	t.deepEqual(await readFile(file), Buffer.concat(chunks));
});

test('a fatal text is found wherever chunks are cut, and reported once', async (t) => {
	const text = 'boot\r\nYou are in emergency mode.\r\n';
	for (let cut = 0; cut <= text.length; cut++) {
		const { console, seen } = await open(t);
		console.write(Buffer.from(text.slice(0, cut)));
		console.write(Buffer.from(text.slice(cut)));
		console.write(Buffer.from(text));
		t.deepEqual(seen, ['it dropped to an emergency shell'], `cut at ${cut}`);
		await console.close();
	}
});

const restarts = test.macro({
	async exec(t, text: string, expected: boolean) {
		const { console } = await open(t);
		console.write(Buffer.from(text));
		t.is(console.announcedRestart(), expected);
		await console.close();
	},
	title: (_, text, expected) => `${expected ? 'a restart' : 'no restart'}: ${JSON.stringify(text)}`,
});
test(restarts, '[   61.2] reboot: Restarting system\r\n', true);
test(restarts, '[   61.2] reboot: machine restart\r\n', true);
test(restarts, '[    9.1] sysrq: Resetting\r\n', true);
test(restarts, '[   61.2] reboot: Power down\r\n', false);
test(restarts, 'box login: ', false);

test('why a kernel panicked is reported in full, wherever chunks are cut', async (t) => {
	const text = '[    1.2] Kernel panic - not syncing: out of luck\r\n[    1.3] CPU: 0';
	for (let cut = 0; cut <= text.length; cut++) {
		const { console, seen } = await open(t);
		console.write(Buffer.from(text.slice(0, cut)));
		console.write(Buffer.from(text.slice(cut)));
		t.deepEqual(seen, ['its kernel panicked: out of luck'], `cut at ${cut}`);
		await console.close();
	}
});

test('so is a long reason that comes byte by byte', async (t) => {
	const { console, seen } = await open(t);
	for (const byte of Buffer.from(`Kernel panic - not syncing: ${'c'.repeat(290)}\n`)) console.write(Buffer.of(byte));
	await console.close();
	t.deepEqual(seen, [`its kernel panicked: ${'c'.repeat(290)}`]);
});

test('one byte at a time is as good', async (t) => {
	const { console, seen } = await open(t);
	for (const byte of Buffer.from('\r\n(initramfs) ')) console.write(Buffer.of(byte));
	await console.close();
	t.deepEqual(seen, ['it dropped to the shell of its initial ramdisk']);
});

test('the tail is the last lines without control sequences, however long the console is', async (t) => {
	const { console } = await open(t);
	for (let line = 0; line < 5000; line++) console.write(Buffer.from(`\x1b[1mline ${line}\x1b[0m\r\n`));
	t.is(console.tail(2), 'line 4998\nline 4999');
	t.is(console.tail().split('\n').length, 15);
	await console.close();
});

test('a console that is flooded fills no disk, is reported once, and is watched all the same', async (t) => {
	const { console, file, seen } = await open(t);
	const flood = Buffer.alloc(2 ** 20, 'flood\n');
	// As from a pipe, between whose chunks a disk gets its turn; what a slow one does not take is thrown away.
	for (let chunks = 0; !seen.includes('full') && chunks < 10_000; chunks++) {
		console.write(flood);
		await setImmediate();
	}
	for (let more = 0; more < 5; more++) console.write(flood);
	console.write(Buffer.from('\nKernel panic - not syncing: drowned\n'));
	await console.close();
	t.true((await stat(file)).size <= maximumLogBytes);
	t.deepEqual(seen, ['full', 'its kernel panicked: drowned']);
	t.is(console.tail(1), 'Kernel panic - not syncing: drowned');
	const again = new Console(file, { onFatal: () => undefined });
	again.write(flood);
	await again.close();
	t.true((await stat(file)).size <= maximumLogBytes, 'nor does the machine that is started again');
});

test('a console that cannot be written is watched and quoted all the same', async (t) => {
	const seen: string[] = [];
	const console = new Console('/nonexistent/console.log', { onFatal: (meaning) => seen.push(meaning) });
	console.write(Buffer.from('Kernel panic - not syncing: out of luck\n'));
	await console.close().catch(() => undefined);
	t.deepEqual(seen, ['its kernel panicked: out of luck']);
	t.is(console.tail(), 'Kernel panic - not syncing: out of luck');
});
