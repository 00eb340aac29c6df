import test from 'ava';
import { brokenFailure } from '../../../src/base/errors.js';
import { orDiskFull } from '../../../src/base/disk-usage.js';

const failed = (detail: string) => Promise.reject(brokenFailure('command-failed', 'xorriso exited with status 32', { detail }));

const full = test.macro((t, detail: string) => t.throwsAsync(orDiskFull(failed(detail), '/isos'), { code: 'disk-full', message: /\/isos/ }));
test('mksquashfs finds no room', full, 'Write failed because No space left on device\nFATAL ERROR: Failed to write to output filesystem');
test('xorriso finds no room', full, 'xorriso : FAILURE : Image size 74679s exceeds free space on media 12345s');

test('the system finds none', async (t) => {
	const error = Object.assign(new Error("ENOSPC: no space left on device, copyfile 'a' -> 'b'"), { code: 'ENOSPC' });
	await t.throwsAsync(orDiskFull(Promise.reject(error), '/cache'), { code: 'disk-full', message: /\/cache/ });
});

test('the disk is named once, by whoever knows best which it is', async (t) => {
	const inner = orDiskFull(failed('No space left on device'), '/isos');
	await t.throwsAsync(orDiskFull(inner, '/cache'), { code: 'disk-full', message: /\/isos/ });
});

test('another failure is what it was, and a result passes', async (t) => {
	await t.throwsAsync(orDiskFull(failed('a bad option'), '/isos'), { code: 'command-failed' });
	t.is(await orDiskFull(Promise.resolve(7), '/isos'), 7);
});
