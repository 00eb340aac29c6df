/** Runs a startup script as the guest does, on this host: with its trace and without, each in a directory of its own. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { ExecutionContext } from 'ava';
import { packageRoot } from '../../../src/base/package-root.js';
import { readScript, reasonNotToTrace, type ReadScript } from '../../../src/machine/trace/read.js';
import { run } from '../../../src/process/run.js';

export interface RanScript extends ReadScript {
	readonly exitCode: number | undefined;
	/** Contents by name of what it wrote to its directory. */
	readonly files: Readonly<Record<string, string>>;
}

const runScript = path.join(packageRoot(), 'cloud-init', 'guest', 'run-script');

/** As systemd starts it: both outputs are appended to one file, and there is no input. */
const asUnit = 'exec "$0" "$1" "$2" </dev/null >>"$3" 2>>"$3"';

export interface BothWays {
	readonly traced: RanScript;
	readonly plain: RanScript;
}

/** Runs a script of these lines both ways. */
export async function runBothWays(t: ExecutionContext, lines: readonly string[]): Promise<BothWays> {
	const directory = await mkdtemp(path.join(os.tmpdir(), 'run-script-'));
	t.teardown(() => rm(directory, { recursive: true }));
	const text = `${lines.join('\n')}\n`;
	// The shell tells the script's name: here it is one that can be a pattern, in a place like the guest's.
	const startup = path.join(directory, 'startup');
	const script = path.join(startup, 'a[b] c*');
	await mkdir(startup);
	await writeFile(script, text);
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
		const stream = await readFile(output, 'utf8');
		const files = await Promise.all((await readdir(own)).map(async (file) => [file, await readFile(path.join(own, file), 'utf8')] as const));
		await rm(own, { recursive: true });
		const ending = { status, stream, endedAt: Date.now(), ...(exitCode === undefined ? {} : { exitCode }) } as const;
		return { ...readScript(ending, text, untraced), exitCode, files: Object.fromEntries(files) };
	};
	return { traced: await once('traced', reasonNotToTrace(text)), plain: await once('plain', 'not asked for') };
}
