/** A checkout in a temporary directory, with programs of its own in front of the host's. */
import { chmod, cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { ExecutionContext } from 'ava';
import { run, type CommandResult } from '../../../src/process/run.js';

/** The `bin` under test: tests run from the root of the repository. */
const bin = path.resolve('bin');

export interface Checkout {
	readonly root: string;
	/** Directory of programs that come before the host's. */
	readonly shims: string;
	/** Writes a file of the checkout, by its path in it. */
	write(file: string, text: string): Promise<void>;
	/** Puts programs of the host on the PATH of a test that has no other. */
	borrow(programs: readonly string[]): Promise<void>;
	/** Puts a shell program on PATH. `$LOG` is where it may note what it was asked. */
	shim(program: string, script: string): Promise<void>;
	/** What the programs noted, a line each. */
	notes(): Promise<string[]>;
	/** Runs a program of the checkout; whatever exit status is a result. */
	run(argv: readonly [string, ...string[]], env?: Record<string, string>): Promise<CommandResult>;
}

/** A checkout with the real `bin` and nothing else; gone when the test ends. */
export async function makeCheckout(t: ExecutionContext): Promise<Checkout> {
	const directory = await mkdtemp(path.join(os.tmpdir(), 'rehearse-launcher-'));
	t.teardown(() => rm(directory, { recursive: true, force: true }));
	const [root, shims, log] = ['checkout', 'shims', 'log'].map((name) => path.join(directory, name)) as [string, string, string];
	await mkdir(shims);
	await writeFile(log, '');
	await symlink(process.execPath, path.join(shims, 'node'));
	await cp(bin, path.join(root, 'bin'), { recursive: true, dereference: true });
	const put = async (file: string, text: string, mode: number) => {
		await mkdir(path.dirname(file), { recursive: true });
		await rm(file, { force: true });
		await writeFile(file, text);
		await chmod(file, mode);
	};
	return {
		root,
		shims,
		write: (file, text) => put(path.join(root, file), text, text.startsWith('#!') ? 0o755 : 0o644),
		borrow: async (programs) => {
			for (const program of programs) await symlink(path.join('/usr/bin', program), path.join(shims, program));
		},
		shim: (program, script) => put(path.join(shims, program), `#!/bin/sh\n${script}\n`, 0o755),
		notes: async () => (await readFile(log, 'utf8')).split('\n').slice(0, -1),
		run: (argv, env) =>
			run(argv, {
				allowFailure: true,
				timeoutMs: 60_000,
				cwd: directory,
				env: { PATH: `${shims}:/usr/bin:/bin`, LOG: log, SUDO_USER: undefined, REHEARSE_NO_SETUP: undefined, ...env },
			}),
	};
}
