import test from 'ava';
import { brokenFailure } from '../../../src/base/errors.js';
import { orDiskFull } from '../../../src/iso/squash.js';

const failed = (detail: string) => Promise.reject(brokenFailure('command-failed', 'xorriso exited with status 32', { detail }));

const full = test.macro((t, detail: string) => t.throwsAsync(orDiskFull(failed(detail), '/isos'), { code: 'disk-full', message: /\/isos/ }));
test('mksquashfs finds no room', full, 'Write failed because No space left on device\nFATAL ERROR: Failed to write to output filesystem');
test('xorriso finds no room', full, 'xorriso : FAILURE : Image size 74679s exceeds free space on media 12345s');

test('another failure is what it was, and a result passes', async (t) => {
	await t.throwsAsync(orDiskFull(failed('a bad option'), '/isos'), { code: 'command-failed' });
	t.is(await orDiskFull(Promise.resolve(7), '/isos'), 7);
});
