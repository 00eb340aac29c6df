/**
 * Whole runs of a lab of which one image is still being built while the other node boots: with machines that are fakes, and
 * with an `mmdebstrap` that is done when it is asked to be.
 */
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { programFile } from '../../../src/base/package-root.js';
import { poll } from '../../../src/base/waiting.js';
import { startChild, type Child } from '../../../src/process/child.js';
import { findProgram } from '../../../src/process/find-program.js';
import { makeFakeHost, type FakeHost } from '../mcp/fake-host.js';

/** How long a wait may take on a slow and busy host, in milliseconds. */
const patienceMs = 60_000;

interface Run {
	readonly host: FakeHost;
	readonly child: Child;
	/** What it has written to standard error so far. */
	stderr(): string;
	/** Waits until it has reported something. */
	reports(pattern: RegExp): Promise<void>;
	/** Has the build end: well, or with these words. */
	endBuild(complaint?: string): Promise<void>;
}

/** The one node has come as far as it can, and the build of the other's image is under way. */
async function untilOneWaits(run: Run): Promise<void> {
	await run.reports(/one: startup script setup passed/);
	await run.reports(/two: building its image/);
}

/** Starts a rehearsal of the nodes `one`, whose image is there, and `two`, whose image is built. */
async function start(t: ExecutionContext): Promise<Run> {
	const host = await makeFakeHost(t);
	await host.writeLab('pair', ['one', 'two']);
	const plan = path.join(host.root, 'pair', 'plan.yaml');
	const text = await readFile(plan, 'utf8');
	const second = text.indexOf('- name: two');
	await writeFile(plan, text.slice(0, second) + text.slice(second).replace('features: [headless]', 'features: [headless]\n      packages: [tree]'));
	const end = path.join(host.directory, 'end');
	await writeProgram(
		host,
		'mmdebstrap',
		`case "$*" in *cleanup/apt/lists*)
	echo status >"$TMPDIR/essential-status"
	for word; do case $word in */layer.tar) echo layer >"$word" ;; esac; done
	exit ;;
esac
until [ -e ${end} ]; do sleep 0.05; done
[ -s ${end} ] || exit 0
cat ${end} >&2
exit 1`,
	);
	// Within a build's namespace a program of the shell's makes the files; its second argument is where to, its last a size.
	const unshare = await hostProgram('unshare');
	await writeProgram(
		host,
		'unshare',
		`case " $* " in *' --net '*) exec ${unshare} "$@" ;; esac
while [ "$1" != -- ]; do shift; done
shift
[ "$1" = chgrp ] && exit
[ $# = 8 ] || exec "$@"
for file in root.img vmlinuz initrd; do echo built >"$6/$file"; done`,
	);
	let stderr = '';
	const argv = [process.execPath, programFile('main'), 'run', plan, '--cold', '--mirror', 'http://127.0.0.1:9/debian'] as const;
	const child = await startChild(argv, {
		env: { ...host.env },
		onStderr: (chunk) => void (stderr += chunk.toString()),
	});
	t.teardown(() => child.stop());
	return {
		host,
		child,
		stderr: () => stderr,
		async reports(pattern) {
			const isDecided = (text: string) => pattern.test(text) || child.exit !== undefined;
			const { last } = await poll(async () => stderr, isDecided, { intervalMs: 20, deadlineMs: patienceMs });
			if (!pattern.test(last)) throw new Error(`never reported ${String(pattern)}: ${last}`);
		},
		endBuild: (complaint = '') => writeFile(end, complaint),
	};
}

async function writeProgram({ directory }: FakeHost, name: string, program: string): Promise<void> {
	const file = path.join(directory, 'bin', name);
	await mkdir(path.dirname(file), { recursive: true });
	await writeFile(file, `#!/bin/sh\n${program}\n`);
	await chmod(file, 0o755);
}

/** The host's own program. */
async function hostProgram(program: string): Promise<string> {
	const found = await findProgram(program);
	if (found === undefined) throw new Error(`this host has no ${program}`);
	return found;
}

test.serial('a node comes up while the image of another is built, which boots then; the verdict is that of both', async (t) => {
	const run = await start(t);
	await untilOneWaits(run);
	t.notRegex(run.stderr(), /two: (?:image ready|booting)/);
	await run.endBuild();
	t.is((await run.child.exited).exitCode, 0, run.stderr());
	t.regex(run.stderr(), /two: image ready[^]*images ready[^]*two: booting[^]*two: startup script setup passed/);
	t.deepEqual(await run.host.leftovers(), []);
});

test.serial('an image that cannot be built ends the lab that runs, as a plan that is wrong', async (t) => {
	const run = await start(t);
	await untilOneWaits(run);
	await run.endBuild('E: Unable to locate package tree\n');
	t.is((await run.child.exited).exitCode, 2, run.stderr());
	t.regex(run.stderr(), /taken down[^]*error: two: two: Debian has no package 'tree' \(package-unknown\)/);
	t.deepEqual(await run.host.leftovers(), []);
});

test.serial('a machine that breaks ends the build of another image', async (t) => {
	const run = await start(t);
	await run.host.behave('panics');
	t.is((await run.child.exited).exitCode, 4, run.stderr());
	t.regex(run.stderr(), /one: .*\(machine-died\)/);
	t.deepEqual(await run.host.leftovers(), []);
});

for (const [signal, times, status] of [['SIGINT', 1, 130], ['SIGINT', 2, 130], ['SIGTERM', 1, 130]] as const) {
	test.serial(`${times} ${signal} while a node runs and an image is built leaves nothing`, async (t) => {
		const run = await start(t);
		await untilOneWaits(run);
		for (let sent = 0; sent < times; sent++) process.kill(run.child.pid, signal);
		t.is((await run.child.exited).exitCode, status, run.stderr());
		t.deepEqual(await run.host.leftovers(), []);
	});
}

test.serial('killed, it leaves nothing either', async (t) => {
	const run = await start(t);
	await untilOneWaits(run);
	process.kill(run.child.pid, 'SIGKILL');
	await run.child.exited;
	t.deepEqual(await run.host.leftovers(), []);
});
