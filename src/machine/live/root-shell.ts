/**
 * A root shell at a guest's console: what the guest has by itself, in every state of its network. Output comes in base64
 * between marks, since the kernel, systemd and startup scripts write to the same line.
 */
import { createHash, randomBytes } from 'node:crypto';
import { brokenFailure } from '../../base/errors.js';
import { Semaphore } from '../../base/semaphore.js';
import type { CommandResult, Limits } from '../command-channel.js';
import type { Wait } from '../guest.js';
import type { ConsoleLogin } from '../spec.js';
import type { Terminal } from './terminal.js';

/** What one stream of a command may write, in bytes, as far as it is read. */
const maximumStream = 128 * 1024;

/** A terminal takes lines of 4095 bytes (termios(3), canonical mode); a shell that is busy loses more than that. */
const chunkLength = 2000;

/** How often output is asked for again that something else wrote into. */
const readings = 4;

/**
 * What the shell knows: `r ID SECONDS` runs the command in $c, `p ID` prints what came of it. Its files are in memory, and
 * gone with the machine.
 */
const functions = [
	'd=$(mktemp -d /run/shell.XXXXXX 2>/dev/null||mktemp -d)',
	`r(){ timeout -k 1 $2 bash -c "$(printf %s "$c"|base64 -d)" </dev/null >$d/o 2>$d/e;echo $? >$d/s;c=;p $1; }`,
	`p(){ for f in o e;do head -c ${maximumStream} $d/$f|base64 -w 120|sed "s/^/$1$f/";done;printf '\\n%s. %s %s\\n' $1 "$(cat $d/s)" "$(cat $d/o $d/e|head -c ${2 * maximumStream}|md5sum|cut -c -32)"; }`,
];

/** How often the user is tried to be logged in, and refused, before that counts. */
const loginsTried = 5;
const refusalsTaken = 2;

/** A prompt of login(1), with nothing behind it but what systemd or the kernel writes; pam_lastlog(8) begins a line in the same way. */
const prompt = /^(?!Last )\S+ login: (?=$|\[)/m;

/** What came of giving the answers that login(1) and sudo(8) ask for. */
type Answered = 'root' | 'prompt' | 'incorrect' | 'no-sudo' | 'no-root';

/** Gives the answers, behind a prompt. Another prompt means that the rest does not come any more. */
async function becomeRoot(terminal: Terminal, { username, password }: ConsoleLogin, wait: Wait): Promise<Answered> {
	const see = async (pattern: string, what: string) => {
		const { match, text } = await terminal.readUntil(new RegExp(`${prompt.source}|${pattern}`, 'm'), wait, `${what} at its console was`);
		const again: Answered | undefined = !match[0].endsWith(' login: ') ? undefined : text.includes('Login incorrect') ? 'incorrect' : 'prompt';
		return { seen: match[0], again };
	};
	terminal.type(username);
	const { again: unasked } = await see('Password: ', 'the question for a password');
	if (unasked) return unasked;
	terminal.type(password);
	const { again: refused } = await see('[$#%>] ', 'a shell');
	if (refused) return refused;
	// The echo of what is typed has the text in pieces: it does not match.
	const begin = `stty -echo; dmesg -n 1; cd; printf "%s-%s\\n" root shell; while IFS= read -r l; do eval "$l"; done`;
	const isRoot = username === 'root';
	terminal.type(isRoot ? ` exec bash -c '${begin}'` : ` exec sudo -H -p "%u-pass"word: bash -c '${begin}'`);
	const user = username.replaceAll('.', '\\.');
	// In the words of bash, dash and zsh: startup scripts, which write here too, may miss other programs.
	const asked = isRoot ? 'root-shell\\n' : `root-shell\\n|${user}-password:|sudo: (?:command )?not found|command not found: sudo`;
	const { seen, again } = await see(asked, 'a shell of root');
	if (again) return again;
	if (seen.startsWith('root-shell')) return 'root';
	if (seen.includes('not found')) return 'no-sudo';
	terminal.type(password);
	const answered = await see(`root-shell\\n|Sorry, (?:try again|user )|${user} is not (?:in the sudoers|allowed)`, 'a shell of root');
	return answered.again ?? (answered.seen.startsWith('root-shell') ? 'root' : 'no-root');
}

/** A shell of root's at the console. */
export class RootShell {
	readonly #node: string;
	readonly #terminal: Terminal;
	readonly #semaphore = new Semaphore(1);
	readonly #prefix = randomBytes(3).toString('hex');
	#count = 0;

	private constructor(node: string, terminal: Terminal) {
		this.#node = node;
		this.#terminal = terminal;
	}

	/**
	 * Logs in at the prompt that the console shows, and becomes root. Startup scripts write to the same console, what looks like
	 * a question too: where a prompt comes again, the answers went nowhere, and are given anew.
	 * @throws Failure `console-login` where the guest does not let the user in, or not become root
	 */
	static async logIn(node: string, terminal: Terminal, login: ConsoleLogin, wait: Wait): Promise<RootShell> {
		const refused = (why: string) =>
			brokenFailure('console-login', `${node}: its console ${why}`, { node, hint: 'does a startup script change the user or the password?' });
		const user = `user '${login.username}'`;
		let refusals = 0;
		for (let tried = 1; ; tried++) {
			const answered = await becomeRoot(terminal, login, wait);
			if (answered === 'root') break;
			if (answered === 'incorrect' && ++refusals === refusalsTaken) throw refused(`refuses ${user} with the declared password`);
			if (answered === 'no-sudo') throw refused(`has no sudo for ${user}`);
			if (answered === 'no-root') throw refused(`does not let ${user} become root by sudo`);
			if (tried === loginsTried) throw refused('asks again and again who logs in');
		}
		const shell = new RootShell(node, terminal);
		for (const line of functions) terminal.type(line);
		return shell;
	}

	/** Runs a command in bash as root, without input. @throws Failure `command-channel` where the console does not answer */
	run(command: string, { timeoutMs, signal }: Limits): Promise<CommandResult> {
		return this.#semaphore.take(async () => {
			const began = performance.now();
			const id = `${this.#prefix}${++this.#count}`;
			const seconds = Math.max(1, Math.ceil(timeoutMs / 1000));
			// The guest ends it; it gets as long again, and some, to report that.
			const wait = { deadlineMs: 2 * timeoutMs + 20_000, signal };
			const text = Buffer.from(command).toString('base64');
			for (let at = 0; at < text.length; at += chunkLength) {
				// From nothing: of one that nobody waited for to its end, a part may be there.
				this.#terminal.type(`c=${at === 0 ? '' : '"$c"'}${text.slice(at, at + chunkLength)};echo "${id}""+${at}"`);
				await this.#terminal.waitFor(new RegExp(`${id}\\+${at}\\n`), wait, 'the echo of a command at its console was');
			}
			this.#terminal.type(`r ${id} ${seconds}`);
			for (let reading = 0; reading < readings; reading++) {
				if (reading > 0) this.#terminal.type(`p ${id}`);
				const { match, text: printed } = await this.#terminal.readUntil(new RegExp(`\\n${id}\\. (\\d+) ([0-9a-f]{32})\\n`), wait, 'the end of a command at its console was');
				const [, status, sum] = match;
				const [stdout, stderr] = ['o', 'e'].map((stream) => decode(printed, `${id}${stream}`));
				if (!stdout || !stderr || createHash('md5').update(stdout).update(stderr).digest('hex') !== sum) continue;
				const exitCode = Number(status);
				// timeout(1): 124 where time was up, 137 where it took SIGKILL.
				const timedOut = (exitCode === 124 || exitCode === 137) && performance.now() - began >= timeoutMs;
				return {
					...{ stdout: stdout.toString('utf8'), stderr: stderr.toString('utf8'), ms: performance.now() - began, timedOut },
					exitCode: timedOut ? undefined : exitCode,
				};
			}
			throw brokenFailure('command-channel', `${this.#node}: what a command wrote cannot be read on its console, so much else is written there`, { node: this.#node });
		});
	}
}

/** What the lines with a mark hold; `undefined` where one of them is no base64. */
function decode(text: string, mark: string): Buffer | undefined {
	const lines = text.split('\n').flatMap((line) => (line.includes(mark) ? [line.slice(line.indexOf(mark) + mark.length)] : []));
	if (!lines.every((line) => /^[A-Za-z0-9+/]*={0,2}$/.test(line))) return undefined;
	return Buffer.concat(lines.map((line) => Buffer.from(line, 'base64')));
}
