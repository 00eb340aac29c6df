/** Runs a startup script as the guest does, on this host: with its trace and without, each in a directory of its own. */
import { lstat, mkdir, mkdtemp, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { ExecutionContext } from 'ava';
import { packageRoot } from '../../../src/base/package-root.js';
import { readScript, type ReadScript } from '../../../src/trace/read.js';
import { streamLimitBytes } from '../../../src/trace/stream.js';
import { reasonNotToTrace } from '../../../src/trace/traceable.js';
import { run } from '../../../src/process/run.js';

export interface RanScript extends ReadScript {
	readonly exitCode: number | undefined;
	/** By name what it wrote to its directory, with modes. */
	readonly files: Readonly<Record<string, string>>;
}

const runScript = path.join(packageRoot(), 'cloud-init', 'guest', 'run-script');

/** As systemd starts it: both outputs are appended to one file, and there is no input. */
const asUnit = 'exec "$0" "$1" "$2" </dev/null >>"$3" 2>>"$3"';

export interface BothWays {
	readonly traced: RanScript;
	readonly plain: RanScript;
}

/** What there is in a directory: of files the mode and the bytes, of links where they lead. */
async function effectOf(directory: string): Promise<Record<string, string>> {
	const found = await readdir(directory, { recursive: true, withFileTypes: true });
	const described = found.map(async (entry) => {
		const file = path.join(entry.parentPath, entry.name);
		const { mode } = await lstat(file);
		const what = entry.isSymbolicLink() ? await readlink(file) : entry.isFile() ? await readFile(file, 'latin1') : '';
		return [path.relative(directory, file), `${mode.toString(8)} ${what}`] as const;
	});
	return Object.fromEntries((await Promise.all(described)).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** Runs a script of these lines, or of these bytes, both ways. */
export async function runBothWays(t: ExecutionContext, lines: readonly string[] | Buffer): Promise<BothWays> {
	const directory = await mkdtemp(path.join(os.tmpdir(), 'run-script-'));
	t.teardown(() => rm(directory, { recursive: true }));
	const bytes = Buffer.isBuffer(lines) ? lines : Buffer.from(`${lines.join('\n')}\n`);
	const text = bytes.toString();
	// The shell traces the script's name: here it is one that can be a pattern, in a place like the guest's.
	const startup = path.join(directory, 'startup');
	const script = path.join(startup, 'a[b] c*');
	await mkdir(startup);
	await writeFile(script, bytes);
	const once = async (name: string, untraced: string | undefined): Promise<RanScript> => {
		// Of the same name each time: scripts write the name where they are.
		const own = path.join(directory, 'work');
		const output = path.join(directory, `${name}.output`);
		await mkdir(own);
		const mode = untraced === undefined ? 'trace' : 'plain';
		const { exitCode } = await run(['bash', '-c', asUnit, runScript, script, mode, output], {
			allowFailure: true,
			timeoutMs: 30_000,
			cwd: own,
		});
		const status = exitCode === 0 ? 'passed' : 'failed';
		// The agent sends neither the script's name nor more than this.
		const written = (await readFile(output, 'utf8')).replaceAll(` ${script} > `, '  > ');
		const stream = Buffer.from(written).subarray(-streamLimitBytes).toString();
		const files = await effectOf(own);
		await rm(own, { recursive: true });
		const ending = { status, stream, endedAt: Date.now(), ...(exitCode === undefined ? {} : { exitCode }) } as const;
		return { ...readScript(ending, text, untraced), exitCode, files };
	};
	return { traced: await once('traced', reasonNotToTrace(text)), plain: await once('plain', 'not asked for') };
}
