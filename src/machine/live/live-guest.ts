/** A guest that booted a live medium. It has nothing of the tool; the tool controls it by what its recipe gave it. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Duplex } from 'node:stream';
import { packageRoot } from '../../base/package-root.js';
import { brokenFailure, Failure } from '../../base/errors.js';
import { poll } from '../../base/waiting.js';
import { openSession, type SshSession } from '../../ssh/login.js';
import type { AgentMessage } from '../agent-message.js';
import type { CommandResult, GuestCommands, Limits } from '../command-channel.js';
import type { Guest, ScriptMessage, Wait } from '../guest.js';
import type { ConsoleLogin } from '../spec.js';
import type { GuestAgent } from './guest-agent.js';
import { relayConnection } from './relayed-connection.js';
import { RootShell } from './root-shell.js';
import { socketsWithOwners } from './sockets.js';
import { SshCommands } from './ssh-commands.js';
import type { Terminal } from './terminal.js';
import { askFailed, askRestarts, askScripts, asMessages, findRunning, readFailed, readRestarts, readScripts, stopScript, waitForBoot } from './units.js';

export interface LiveGuestOptions {
	readonly node: string;
	readonly terminal: Terminal;
	/** QEMU's guest agent, where the recipe has it. */
	readonly guestAgent: GuestAgent | undefined;
	readonly login: ConsoleLogin | undefined;
	readonly late: (what: string, deadlineMs: number) => Failure;
	/** Where its SSH server is reached from outside, and whether its recipe lets the user in there with a password. */
	readonly ssh: { readonly host: string; readonly port: number; readonly isPasswordTaken: boolean };
	/** Names of its startup scripts, in their order. */
	readonly scripts: readonly string[];
	readonly onMessage: (message: AgentMessage) => void;
	/** Rejects when the machine breaks. */
	readonly broken: Promise<never>;
	/** Opens the boot loader's second entry. */
	readonly hasPersistence: boolean;
}

/** How long one try to log in by SSH may take, in milliseconds, of the time that there is. */
const loginShare = 0.25;

/** How long a guest may take to make its host keys once it has a prompt, in seconds. */
const keySeconds = 60;

const hostKeyFile = '/etc/ssh/ssh_host_ed25519_key.pub';

/** The key of a cursor that goes down (terminfo(5), kcud1 of vt100). */
const down = '\x1b[B';

/** A guest by its console and its SSH server. */
export class LiveGuest implements Guest {
	readonly #options: LiveGuestOptions;
	#shell: RootShell | undefined;
	#session: SshSession | undefined;
	#hostKey: string | undefined;
	readonly hasPlansLimits = true;
	readonly commands: GuestCommands = {
		run: (command, limits) => this.#run(command, limits),
		listSockets: (protocol, port, limits) => this.#run(socketsWithOwners(protocol, port), limits),
		listRestarts: async (limits) => readRestarts((await this.#run(askRestarts, limits)).stdout),
		connect: (host, port, limits) => this.#connect(host, port, limits),
	};

	constructor(options: LiveGuestOptions) {
		this.#options = options;
	}

	get hostKey(): string | undefined {
		return this.#hostKey;
	}

	/** Resolves when its console lets the user in. The host key is read there: whoever answers by SSH is who it is. */
	async untilUp(wait: Wait): Promise<void> {
		const { node, terminal, guestAgent, login, late, broken, hasPersistence } = this.#options;
		const ends = performance.now() + wait.deadlineMs;
		const rest = (): Wait => ({ ...wait, deadlineMs: Math.max(1000, ends - performance.now()) });
		if (hasPersistence) {
			await terminal.waitFor(/persistence/, rest(), 'the menu of its boot loader was');
			terminal.press(down);
			terminal.press('\r');
		}
		// As OpenFactory does it; otherwise as a person would.
		if (guestAgent) {
			await Promise.race([guestAgent.untilThere(rest(), late), broken]);
		} else if (login) {
			await terminal.waitFor(/ login: /, rest(), 'the prompt of its console was');
			this.#shell = await RootShell.logIn(node, terminal, login, rest());
		}
		await this.#openSession(rest());
	}

	async untilBack(wait: Wait, scriptsMs: number): Promise<readonly ScriptMessage[]> {
		await this.untilUp(wait);
		return this.#scriptsEnd({ ...wait, deadlineMs: scriptsMs });
	}

	/** They run by themselves while it boots: nothing is left but to wait for their ends. */
	async runScripts(wait: Wait): Promise<{ readonly failedUnits: string }> {
		for (const ended of await this.#scriptsEnd(wait)) for (const message of asMessages(ended)) this.#options.onMessage(message);
		return { failedUnits: readFailed(await this.#ask(askFailed, wait)) };
	}

	/** An ISO has no limit for scripts whose recipe has none. One that runs at the deadline is stopped, and the boot goes on. */
	async #scriptsEnd(wait: Wait): Promise<readonly ScriptMessage[]> {
		const { node, scripts } = this.#options;
		const stopped = new Set<string>();
		const ask = async () => (scripts.length === 0 ? '' : this.#ask(askScripts(scripts), wait));
		while ((await this.commands.run(waitForBoot, { timeoutMs: wait.deadlineMs, signal: wait.signal })).timedOut) {
			const [running] = findRunning(await ask(), scripts.filter((script) => !stopped.has(script)));
			if (running === undefined) {
				const jobs = await this.#ask('systemctl list-jobs --no-pager', wait);
				throw brokenFailure('boot-unfinished', `${node}: its boot does not come to its end`, { node, detail: readFailed(jobs) });
			}
			stopped.add(running);
			await this.#ask(stopScript(running), wait);
		}
		return readScripts(await ask(), scripts).map((ended) => (stopped.has(ended.script) ? asTimedOut(ended) : ended));
	}

	/** By the text of the program that looks, which leaves nothing behind in the guest. */
	async snapshot(wait: Wait): Promise<string> {
		const program = await readFile(path.join(packageRoot(), 'cloud-init', 'guest', 'snapshot.bash'), 'utf8');
		// Whatever came after the medium's own files is younger than these.
		return this.#ask(`${program}\nhere=/ since=/etc/os-release state=$(mktemp -d /run/state.XXXXXX)\nsnapshot\nrm -r "$state"`, wait);
	}

	async readJournal(lines: number, slowdown: number, signal?: AbortSignal): Promise<string> {
		return this.#ask(`journalctl --boot --no-pager --output=short-precise --lines=${lines}`, { deadlineMs: journalMs * slowdown, signal });
	}

	setClock(): void {}

	/** Leaves; the machine goes on. */
	end(): void {
		this.#session?.end();
	}

	async #ask(command: string, { deadlineMs, signal }: Wait): Promise<string> {
		return (await this.commands.run(command, { timeoutMs: deadlineMs, signal })).stdout;
	}

	async #openSession({ deadlineMs, signal }: Wait): Promise<void> {
		const { node, login, ssh } = this.#options;
		const read = `command -v sshd >/dev/null || exit 0; for i in $(seq ${2 * keySeconds}); do [ -s ${hostKeyFile} ] && break; sleep 0.5; done; cat ${hostKeyFile}`;
		const key = await this.#byWire(read, { timeoutMs: deadlineMs, signal });
		this.#hostKey = /^ssh-ed25519 [A-Za-z0-9+/]{68}/m.exec(key.stdout)?.[0];
		// A guest agent does all that SSH does, but for connections that last.
		if (this.#hostKey === undefined || !login || !ssh.isPasswordTaken) return;
		const target = { ...login, node, host: ssh.host, port: ssh.port, hostKey: this.#hostKey };
		const open = async () => {
			try {
				return await openSession({ ...target, timeoutMs: deadlineMs * loginShare, signal });
			} catch (error) {
				signal?.throwIfAborted();
				return toLoginFailure(error);
			}
		};
		// A server that is still starting is waited for; everything is done at the console where there is none.
		const isDecided = (seen: SshSession | Failure) => !(seen instanceof Failure) || seen.code !== 'ssh-unreachable';
		const { last } = await poll(open, isDecided, { intervalMs: 1000, deadlineMs: Math.min(deadlineMs * loginShare, keySeconds * 1000), signal });
		if (!(last instanceof Failure)) this.#session = last;
	}

	async #run(command: string, limits: Limits): Promise<CommandResult> {
		const session = this.#options.guestAgent ? undefined : this.#open();
		if (session) {
			try {
				return await session.run(command, limits);
			} catch {
				limits.signal?.throwIfAborted();
				// The server is gone, as when a script has turned it off: the console is still there.
				this.#session?.end();
				this.#session = undefined;
			}
		}
		return this.#byWire(command, limits);
	}

	/** By a line that needs no network of the guest's. */
	#byWire(command: string, limits: Limits): Promise<CommandResult> {
		const { node, guestAgent } = this.#options;
		const way = guestAgent ?? this.#shell;
		if (way) return Promise.race([way.run(command, limits), this.#options.broken]);
		throw brokenFailure('command-channel', `${node}: nobody is logged in at its console`, { node });
	}

	#connect(host: string, port: number, limits: Limits): Promise<Duplex> {
		const session = this.#open();
		return session ? session.connect(host, port, limits) : relayConnection((command, given) => this.#byWire(command, given), host, port, limits);
	}

	#open(): SshCommands | undefined {
		const { login } = this.#options;
		return login && this.#session && !this.#session.isOver ? new SshCommands(this.#session, login) : undefined;
	}
}

/** How a script ended that was stopped at its deadline. */
const asTimedOut = ({ kind, script, ms, stream }: ScriptMessage): ScriptMessage => ({ kind, script, ms, stream, status: 'timed-out' });

/** How long its journal may take to come, in milliseconds on a fast host. */
const journalMs = 5000;

function toLoginFailure(error: unknown): Failure {
	if (error instanceof Failure) return error;
	throw error;
}
