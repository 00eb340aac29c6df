/** The package, as whoever has no checkout gets it: packed, and installed by npm into an empty prefix without a network. */
import { chmod, cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import test from 'ava';
import { run } from '../../../src/process/run.js';

interface Packed {
	readonly filename: string;
	readonly size: number;
	readonly files: readonly { readonly path: string }[];
}

/** Packs this checkout, which builds it, and installs that. Nothing of the checkout is told to npm but the file. */
const installed = (async () => {
	const directory = await mkdtemp(path.join(os.tmpdir(), 'rehearse-package-'));
	// Whoever runs it may be somebody else, who has to get here.
	await chmod(directory, 0o755);
	const { stdout } = await run(['npm', 'pack', '--json', '--pack-destination', directory], { timeoutMs: 10 * 60_000 });
	const [packed] = JSON.parse(stdout.slice(stdout.indexOf('['))) as [Packed];
	const env = { HOME: directory, npm_config_cache: path.join(directory, 'empty-cache') };
	const install = ['npm', 'install', '--offline', '--no-audit', '--no-fund', '--global', '--prefix', path.join(directory, 'prefix')] as const;
	await run([...install, path.join(directory, packed.filename)], { timeoutMs: 5 * 60_000, cwd: directory, env });
	return { directory, packed, root: path.join(directory, 'prefix/lib/node_modules/rehearse') };
})();

test.after.always(async () => rm((await installed).directory, { recursive: true, force: true }));

/** Runs the installed program as a shell finds it, in a new empty home. */
async function start(args: readonly string[], home: string) {
	const { directory } = await installed;
	const env = { HOME: home, PATH: `${path.join(directory, 'prefix/bin')}:${process.env['PATH'] ?? ''}`, XDG_CACHE_HOME: undefined, XDG_STATE_HOME: undefined };
	return run(['rehearse', ...args], { allowFailure: true, timeoutMs: 120_000, cwd: home, env });
}

test.serial('it holds the programs and what they read: no tests, no sources, nothing of earlier builds', async (t) => {
	t.timeout(15 * 60_000);
	const { packed } = await installed;
	const names = packed.files.map((file) => file.path);
	t.deepEqual(names.filter((name) => /^(?:test|dist\/(?!bin\/)|node_modules|\.)|\.tsx?$|typescript|\.tsbuildinfo/.test(name)), []);
	t.true(names.length < 275, `${names.length} files`);
	t.true(packed.size < 1.5e6, `${packed.size} bytes`);
	const { outputs } = JSON.parse(await readFile('dist/bin/.metafile.json', 'utf8')) as { outputs: Record<string, unknown> };
	t.deepEqual(names.filter((name) => /^dist\/bin\/.*\.js$/.test(name)).sort(), Object.keys(outputs).sort());
	// Of src what is no source: programs and styles that are read when they are needed.
	for (const directory of ['images', 'cloud-init', 'src']) {
		const entries = await readdir(directory, { recursive: true, withFileTypes: true });
		const here = entries.filter((entry) => !entry.isDirectory() && !/\.tsx?$/.test(entry.name)).map((entry) => path.join(entry.parentPath, entry.name));
		t.deepEqual(names.filter((name) => name.startsWith(`${directory}/`)).sort(), here.sort());
	}
});

test.serial('it names every package whose code is joined in, with its licence', async (t) => {
	const { root } = await installed;
	const text = await readFile(path.join(root, 'dist/bin/LICENSES.txt'), 'utf8');
	for (const name of ['ssh2', 'yargs', 'zod', 'yaml', 'preact', 'execa', '@clack/prompts']) t.regex(text, new RegExp(`^${name} \\d`, 'm'));
	t.true((text.match(/Permission is hereby granted|Permission to use, copy|Redistribution and use|Apache License|Blue Oak/g) ?? []).length > 50);
});

test.serial('nothing is installed with it, and it works: --version, init, check, doctor', async (t) => {
	const { directory } = await installed;
	t.deepEqual(await readdir(path.join(directory, 'prefix/lib/node_modules')), ['rehearse']);
	const home = await mkdtemp(path.join(directory, 'home-'));
	const { version } = JSON.parse(await readFile('package.json', 'utf8')) as { version: string };
	t.regex((await start(['--version'], home)).stdout, new RegExp(`^(?:rehearse )?${version.replaceAll('.', '\\.')}$`, 'm'));
	t.like(await start(['init', 'demo'], home), { exitCode: 0, stderr: '' });
	t.like(await start(['check', 'demo'], home), { exitCode: 0, stderr: '' });
	t.regex((await start(['doctor'], home)).stdout, /^ok +Node\.js/m);
});

/** Needs what takes the packages whose loading is put off: YAML, addresses, SSH keys, the page. */
test.serial('every program of it loads, without a package beside it', async (t) => {
	const { root, directory } = await installed;
	const home = await mkdtemp(path.join(directory, 'home-'));
	const files = (await readdir(path.join(root, 'dist/bin'))).filter((file) => file.endsWith('.js'));
	const mains = ['main.js', 'lab-daemon.js', 'supervisor.js'];
	const code = files
		.filter((file) => !mains.includes(file))
		.map((file) => `await import(${JSON.stringify(path.join(root, 'dist/bin', file))});`)
		.join('\n');
	const loaded = await run([process.execPath, '--input-type=module', '--eval', code], { allowFailure: true, timeoutMs: 120_000, cwd: home });
	t.is(loaded.exitCode, 0, loaded.stderr);
	await start(['init', 'demo', '--yes'], home);
	t.like(await start(['seed', 'demo', '--out', 'seeds'], home), { exitCode: 0 });
});

test.serial('its set-up does what is for the system, and builds nothing', async (t) => {
	const { root, directory } = await installed;
	const copy = path.join(directory, 'copy');
	await cp(root, copy, { recursive: true });
	for (const part of ['npm', 'build', 'test']) {
		const { exitCode, stderr } = await run([path.join(copy, 'bin/setup'), part], { allowFailure: true, timeoutMs: 60_000 });
		t.is(exitCode, 2);
		t.regex(stderr, new RegExp(`bin/setup ${part}: .*copy is an installed package, which is built already\\n`));
	}
	const before = (await readdir(copy, { recursive: true })).sort();
	const { exitCode } = await run([path.join(copy, 'bin/rehearse'), 'check'], { allowFailure: true, timeoutMs: 60_000 });
	t.is(exitCode, 0);
	t.deepEqual((await readdir(copy, { recursive: true })).sort(), before);
});

for (const [name, env, why] of [
	['a registry that npm has by itself', { npm_config_registry: 'https://npm.example.org/' }, /another program/],
	['another registry than the one that is named', { npm_config_registry: 'https://npm.example.org/', REHEARSE_REGISTRY: 'https://npm.example.com/' }, /another program/],
	['one that is named, from a changed checkout', { npm_config_registry: 'https://npm.example.org/', REHEARSE_REGISTRY: 'https://npm.example.org/' }, /has changes that are not committed/],
] as const) {
	test.serial(`it is not published by accident to ${name}`, async (t) => {
		const { directory } = await installed;
		const checkout = await mkdtemp(path.join(directory, 'checkout-'));
		await cp('bin', path.join(checkout, 'bin'), { recursive: true });
		await run(['git', 'init', '--quiet', checkout], { timeoutMs: 60_000 });
		const guard = [path.join(checkout, 'bin/lib/prepublish.sh')] as const;
		const { exitCode, stderr } = await run(guard, { allowFailure: true, timeoutMs: 60_000, env });
		t.is(exitCode, 2);
		t.regex(stderr, why);
	});
}
