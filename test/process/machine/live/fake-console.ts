/** A console with a prompt, on a real terminal of this host: script(1) makes one. Root's shell is whatever user runs the test. */
import { spawn } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { ExecutionContext } from 'ava';
import { brokenFailure } from '../../../../src/base/errors.js';
import { Terminal } from '../../../../src/machine/live/terminal.js';

/** What login(1) does, and a shell with a prompt behind it. */
const login = `
printf 'Debian GNU/Linux 13 box ttyS0\\n\\n'
while printf 'box login: '; do
	read -r user
	stty -echo; printf 'Password: '; read -r word; stty echo; echo
	[ "$user:$word" = ops:secret ] && break
	printf 'Login incorrect\\n'
done
echo 'ABSOLUTELY NO WARRANTY'
PS1='ops@box:~$ ' exec bash --norc --noprofile -i
`;

/** What sudo(8) does for somebody who may. */
const sudo = `#!/bin/bash
while [[ $1 == -* ]]; do [[ $1 == -p ]] && { prompt=\${2/\\%u/ops}; shift; }; shift; done
stty -echo; printf '%s' "$prompt" >/dev/tty; read -r word </dev/tty; stty echo
[[ $word == secret ]] || { echo 'Sorry, try again.'; exit 1; }
exec "$@"
`;

/** What else writes to a console, in bash. */
export interface Others {
	/** Before there is a prompt. */
	readonly before?: string;
	/** From the first prompt on. */
	readonly noise?: string;
}

/** A console as a machine has one; it ends with the test. */
export async function fakeConsole(t: ExecutionContext, { before = '', noise = '' }: Others = {}): Promise<Terminal> {
	const directory = await mkdtemp(path.join(os.tmpdir(), 'console-'));
	t.teardown(() => rm(directory, { recursive: true, force: true }));
	const file = (name: string) => path.join(directory, name);
	await writeFile(file('login'), `${before}\n${noise === '' ? '' : `{ ${noise}; } &\n`}${login}`);
	await writeFile(file('sudo'), sudo);
	await chmod(file('sudo'), 0o755);
	const child = spawn('script', ['--quiet', '--flush', '--command', `bash ${file('login')}`, '/dev/null'], {
		env: { ...process.env, PATH: `${directory}:${process.env['PATH'] ?? ''}`, TERM: 'vt100', TMPDIR: directory },
		stdio: ['pipe', 'pipe', 'inherit'],
		detached: true,
	});
	t.teardown(() => {
		try {
			process.kill(-(child.pid ?? 0), 'SIGKILL');
		} catch {
			// It has ended.
		}
	});
	child.stdin.on('error', () => undefined);
	const terminal = new Terminal({
		type: (text) => void child.stdin.write(text),
		broken: new Promise<never>((_resolve, reject) => child.once('close', () => reject(new Error('the console is gone')))),
		late: (what, ms) => brokenFailure('machine-deadline', `${what} not reached in ${ms} ms`),
	});
	child.stdout.setEncoding('utf8').on('data', (text: string) => terminal.take(text));
	return terminal;
}
