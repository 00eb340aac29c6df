/** Scripts that are killed, as systemd does to those whose time is over: reported is the command that they were at. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { packageRoot } from '../../../src/base/package-root.js';
import { swallowedSteps } from '../../../src/lab/trace.js';
import { readScript, type ReadScript } from '../../../src/trace/read.js';

const runScript = path.join(packageRoot(), 'cloud-init', 'guest', 'run-script');

/** Runs a script until it has begun to wait, and ends all of its processes. */
async function runAndKill(t: ExecutionContext, text: string): Promise<ReadScript> {
	const directory = await mkdtemp(path.join(os.tmpdir(), 'killed-script-'));
	t.teardown(() => rm(directory, { recursive: true }));
	const [script, output, waits] = ['startup/web', 'output', 'waits'].map((name) => path.join(directory, name)) as [string, string, string];
	await mkdir(path.dirname(script));
	await writeFile(script, text);
	const child = spawn('bash', ['-c', 'exec "$0" "$1" trace >>"$2" 2>>"$2"', runScript, script, output], { cwd: directory, detached: true, stdio: 'ignore' });
	const ended = once(child, 'exit');
	while (!existsSync(waits)) await sleep(20);
	// The file is made by the very command that waits.
	await sleep(100);
	process.kill(-(child.pid ?? NaN), 'SIGTERM');
	await ended;
	return readScript({ status: 'timed-out', stream: await readFile(output, 'utf8'), endedAt: Date.now() }, text);
}

const waiting = "sh -c 'touch waits; exec sleep 100'";

const kills = test.macro({
	title: (title, lines: readonly string[]) => title ?? lines.join('; '),
	async exec(t, lines: readonly string[], line: number, command: string) {
		const read = await runAndKill(t, `${lines.join('\n')}\n`.replaceAll('WAIT', waiting));
		const seen = JSON.stringify(read, undefined, 1);
		t.is(read.failedLine, line, seen);
		t.true(read.failedCommand?.startsWith(command), seen);
		t.deepEqual(swallowedSteps(read.trace), [], seen);
		t.is(read.trace.steps.find(({ fate }) => fate === 'failing')?.status, undefined, seen);
	},
});

for (const trap of ['true', "trap 'rm -f x' EXIT", "trap 'rm -f x; echo bye' EXIT", '#!/bin/sh', "#!/bin/sh\ntrap 'rm -f x' EXIT"]) {
	const first = trap.split('\n').length + 1;
	test(kills, [trap, 'touch x', 'WAIT'], first + 1, 'sh -c');
	test(kills, [trap, 'touch x', '(WAIT)'], first + 1, 'sh -c');
	test(kills, [trap, 'touch x', 'until WAIT; do', '\tsleep 0.1', 'done'], first + 1, 'sh -c');
	test(kills, [trap, 'touch x', 'x=$(WAIT)', 'echo no'], first + 1, 'sh -c');
	if (trap.startsWith('#!')) continue;
	test(kills, [trap, 'f() {', '\tWAIT', '\techo no', '}', 'f'], first + 1, 'sh -c');
	test(kills, [trap, 'set -e', 'while read -r line; do', '\techo "$line"', 'done < <(WAIT)'], first + 1, 'read -r');
	test(kills, [trap, 'touch x', 'echo "$(WAIT)"', 'echo no'], first + 1, 'sh -c');
	test(kills, [trap, 'touch x', '[ "$(WAIT)" = a ]', 'echo no'], first + 1, 'sh -c');
	test(kills, [trap, 'until [ -e no ]; do', '\tx=$(WAIT)', 'done'], first + 1, 'sh -c');
}
test(kills, ['false || touch x', 'echo "$(WAIT | head -1)"'], 2, '');
test(kills, ['set -o pipefail', 'WAIT | head -1', 'echo no'], 2, '');
