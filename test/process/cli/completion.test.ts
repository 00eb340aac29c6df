/** Completion in the shells themselves, on a terminal, as somebody types. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { quote } from '../../../src/base/shell.js';
import { stripVTControlCharacters } from 'node:util';
import { run } from '../../../src/process/run.js';
import { program } from './rehearse.js';

/** How each shell is started without anybody's own settings, and how it learns of the completion. */
const shells = {
	bash: { start: 'bash --norc --noprofile -i', learn: "PS1='ready> '; source <(rehearse completion bash)" },
	zsh: { start: 'zsh -f -i', learn: "PS1='ready> '; autoload -U compinit; compinit -D -u; bindkey -e; source <(rehearse completion zsh)" },
	fish: { start: 'fish --no-config -i', learn: "function fish_prompt; echo 'ready> '; end; set fish_greeting; rehearse completion fish | source" },
} as const;

type Shell = keyof typeof shells;

/** A home with the program on its PATH, a lab of two nodes, a run, and what wants to be executed. */
async function makeHome(t: ExecutionContext) {
	const home = await mkdtemp(path.join(os.tmpdir(), 'rehearse-shell-'));
	t.teardown(() => rm(home, { recursive: true, force: true, maxRetries: 5 }));
	const shim = path.join(home, 'bin/rehearse');
	await mkdir(path.dirname(shim));
	await writeFile(shim, `#!/bin/sh\nexec ${quote(process.execPath)} ${quote(program)} "$@"\n`);
	await chmod(shim, 0o755);
	const ours = Object.keys(process.env).filter((name) => /^(?:REHEARSE_|XDG_)/.test(name));
	const env: NodeJS.ProcessEnv = {
		...process.env,
		...Object.fromEntries(ours.map((name) => [name, undefined])),
		...{ HOME: home, PATH: `${path.dirname(shim)}:${process.env['PATH'] ?? ''}`, TERM: 'xterm', SHELL: '/bin/sh' },
	};
	await run([shim, 'init', 'my-lab', '--nodes', 'api', 'database'], { cwd: home, env, timeoutMs: 60_000 });
	const kept = path.join(home, '.local/state/rehearse/runs/20260101T000000-my-lab-abcd');
	await mkdir(kept, { recursive: true });
	await writeFile(path.join(home, 'notes.txt'), '');
	await mkdir(path.join(home, '$(touch executed)'));
	await writeFile(path.join(home, '$(touch executed)', 'plan.yaml'), 'name: evil');
	return { home, env };
}

/** A shell on a terminal of its own that has learned to complete. */
async function startShell(t: ExecutionContext, shell: Shell, { home, env }: Awaited<ReturnType<typeof makeHome>>) {
	const { start, learn } = shells[shell];
	const command = `stty cols 200 rows 40; exec ${start}`;
	const child = spawn('script', ['--quiet', '--command', command, '/dev/null'], { cwd: home, env, timeout: 300_000 });
	t.teardown(() => child.kill('SIGKILL'));
	let screen = '';
	child.stdout.setEncoding('utf8').on('data', (text: string) => (screen += text));
	const shows = async (pattern: RegExp): Promise<string> => {
		for (let waited = 0; waited < 60_000; waited += 50) {
			const found = pattern.exec(stripVTControlCharacters(screen));
			if (found) return found[1] ?? '';
			await sleep(50);
		}
		throw new Error(`${shell} does not show ${String(pattern)}:\n${JSON.stringify(screen)}`);
	};
	child.stdin.write(`${learn}; echo learned\r`);
	await shows(/[\r\n]learned[\r\n]/);
	return {
		/** Types something, and then a command that prints a mark when the shell has come to it. Resolves to what is before the mark. */
		async type(text: string): Promise<string> {
			screen = '';
			child.stdin.write(text);
			return shows(/[\r\n]made: (.*?) *:end[\r\n]/);
		},
		async leave(): Promise<void> {
			child.stdin.write('exit\r');
			await once(child, 'close');
		},
	};
}

/** What is typed, and what it becomes. */
const lines: readonly (readonly [string, string])[] = [
	['rehearse checkp\b\t', 'rehearse check'],
	['rehearse check imm\t', 'rehearse check immich-photo-vault'],
	['rehearse check my\t', 'rehearse check my-lab'],
	// zsh takes the slash back when something else follows.
	['rehearse check ./my\t', 'rehearse check ./my-lab'],
	['rehearse check not\t', 'rehearse check notes.txt'],
	['rehearse run --sav\t', 'rehearse run --save-failed'],
	['rehearse run --no-t\t', 'rehearse run --no-trace'],
	['rehearse run --accel k\t', 'rehearse run --accel kvm'],
	['rehearse run --accel=k\t', 'rehearse run --accel=kvm'],
	['rehearse run my-lab --only da\t', 'rehearse run my-lab --only database'],
	['rehearse runs remove 2026\t', 'rehearse runs remove 20260101T000000-my-lab-abcd'],
];

for (const shell of ['bash', 'zsh', 'fish'] as const) {
	test.serial(`${shell} completes commands, flags and their values, labs, nodes, runs and files`, async (t) => {
		t.timeout(6 * 60_000);
		const home = await makeHome(t);
		const { type, leave } = await startShell(t, shell, home);
		// To the beginning of the line, and an echo before it.
		for (const [line, result] of lines) t.is((await type(`${line}\x01echo made: \x05 :end\r`)).replace(/\/$/, ''), result);
		await leave();
	});

	test.serial(`${shell} runs nothing of what is typed, or of what a directory is called`, async (t) => {
		t.timeout(6 * 60_000);
		const home = await makeHome(t);
		const { type, leave } = await startShell(t, shell, home);
		for (const line of ["rehearse check '$(touch executed)' \t", 'rehearse check "$(touch executed)" \t', 'rehearse check \\$\t']) {
			t.is(await type(`${line}\x01\x0becho made: it :end\r`), 'it');
		}
		await leave();
		await t.throwsAsync(access(path.join(home.home, 'executed')), { code: 'ENOENT' });
	});
}
