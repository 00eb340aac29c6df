/** The wait for the end of a boot, with a systemctl that is a fake. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import test from 'ava';
import { waitForBoot } from '../../../../src/machine/live/units.js';
import { run } from '../../../../src/process/run.js';

/** Answers that come one after another, and how often it is asked then. */
const waits = test.macro(async (t, answers: readonly string[]) => {
	const directory = await mkdtemp(path.join(os.tmpdir(), 'systemctl-'));
	t.teardown(() => rm(directory, { recursive: true, force: true }));
	const asked = path.join(directory, 'asked');
	const cases = answers.map((answer, index) => `${index + 1}) ${answer} ;;`).join('\n');
	await writeFile(path.join(directory, 'systemctl'), `#!/bin/sh\necho "$*" >>${asked}\ncase $(wc -l <${asked}) in\n${cases}\nesac\n`, { mode: 0o755 });
	const env = { PATH: `${directory}:${process.env['PATH'] ?? ''}` };
	t.is((await run(['timeout', '20', 'bash', '-c', waitForBoot], { env })).exitCode, 0);
	t.is(await readFile(asked, 'utf8'), 'is-system-running --wait\n'.repeat(answers.length));
});
test('a boot that ends well', waits, ['echo running']);
test('one that ends with failed units', waits, ['echo degraded; exit 1']);
test('a systemd that executes itself anew meanwhile, and that cannot be asked for a moment', waits, [
	"echo 'Connection reset by peer' >&2; exit 1",
	'echo unknown; exit 1',
	'echo starting; exit 1',
	'echo running',
]);
