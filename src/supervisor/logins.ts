/**
 * Whether people get into a lab's nodes by SSH: the declared user of each, as the recipe allows it. Assertions need none of
 * it (../machine/command-channel), so that a node which locks its SSH is no failure: its own configuration decides.
 */
import { Failure, toFailure } from '../base/errors.js';
import { oneLine } from '../base/format.js';
import { quote } from '../base/shell.js';
import { poll } from '../base/waiting.js';
import type { Emit, LoginOutcome } from '../lab/events.js';
import type { LabNode } from '../lab/lab.js';
import type { GuestCommands } from '../machine/command-channel.js';
import type { MachineRunSpec, RunSpec } from '../protocol/run-spec.js';
import { parseListeners } from '../scenario/ports.js';
import { keepKnownLogins, readKnownLogins } from './known-logins.js';

/** Between two tries to reach a server that may still be starting, in milliseconds. */
const intervalMs = 1000;

/** The port that SSH has where a recipe names none. */
const defaultPort = 22;

export interface LoginContext {
	/** Whether a node's machine is as its startup scripts had left it in another run. */
	readonly wasStarted: (node: string) => boolean;
	/** Whether a node has a machine: of one that was powered off there is nothing to ask. */
	readonly isThere: (node: string) => boolean;
	/** Whether somebody was let into a node or has changed its link: what comes of a login is then of no other machine. */
	readonly wasTouched: (node: string) => boolean;
	/** The SSH host key that a node's guest made for itself, where it did. */
	readonly hostKey: (node: string) => string | undefined;
	/** How a node is asked about its own configuration. */
	readonly guests: (node: string) => GuestCommands;
	readonly emit: Emit;
	readonly signal: AbortSignal;
}

/** The login checks of a run, each made once. */
export class LoginChecks {
	readonly #getRun: () => RunSpec;
	readonly #context: LoginContext;
	readonly #begun = new Map<string, Promise<void>>();
	readonly #outcomes: LoginOutcome[] = [];
	/** Of machines that nobody has touched, and not noted yet. */
	#toNote: LoginOutcome[] = [];

	/** @param getRun the run as it is at the time: machines may have been pending, and the key of their lab with them */
	constructor(getRun: () => RunSpec, context: LoginContext) {
		this.#getRun = getRun;
		this.#context = context;
	}

	get #run(): RunSpec {
		return this.#getRun();
	}

	/** Begins with a node while others are still coming up, where nobody is to look at the machines before the scenario. */
	beginEarly(node: string): void {
		const { scenario, robustness = [], snapshots } = this.#run;
		// Of machines that another run has started, something may be known.
		if (scenario && !snapshots && robustness.length === 0 && !this.#context.wasStarted(node)) this.#begin(node);
	}

	/** Resolves when none is under way: a connection means nothing to a machine that goes on elsewhere. */
	async settle(): Promise<void> {
		await Promise.all(this.#begun.values());
	}

	/** Checks the nodes that nothing is known of yet. Resolves to nothing: problems are reported as events. */
	async finish(): Promise<void> {
		const { machines } = this.#run;
		// A machine that was booted instead, or ran its startup scripts, is another by now.
		const known = await readKnownLogins(machines.filter(({ spec }) => this.#context.wasStarted(spec.name)));
		for (const { spec } of machines) this.#begin(spec.name, known.find(({ node }) => node === spec.name));
		await this.settle();
	}

	/** Whether a node refuses somebody whom its recipe lets in. */
	get hasRefused(): boolean {
		return this.#outcomes.some(({ status }) => status === 'failed');
	}

	/** Notes what came of them for runs that begin with these very machines. Each is noted once: the lab may be another later. */
	async keep(): Promise<void> {
		const outcomes = this.#toNote;
		this.#toNote = [];
		await keepKnownLogins(this.#run, outcomes);
	}

	#begin(name: string, known?: LoginOutcome): void {
		const machine = this.#run.machines.find(({ spec }) => spec.name === name);
		const node = this.#run.lab.nodes.find((candidate) => candidate.name === name);
		if (this.#begun.has(name) || !machine || !node || !isChecked(node, machine) || !this.#context.isThere(name)) return;
		const send = (outcome: LoginOutcome) => {
			this.#outcomes.push(outcome);
			if (!this.#context.wasTouched(name)) this.#toNote.push(outcome);
			this.#context.emit({ type: 'login-checked', ...outcome });
		};
		const check = (known ? Promise.resolve(known) : checkLogin({ ...machine, hostKey: this.#context.hostKey(name) ?? machine.hostKey }, this.#run, this.#context)).then(send);
		// What ends a run ends this, and others report it.
		const giveUp = (error: unknown) => {
			if (this.#context.signal.aborted) return;
			this.#context.emit({ type: 'notice', node: name, message: `whether ${machine.username} gets in by SSH was not checked: ${toFailure(error).message}` });
		};
		this.#begun.set(name, check.catch(giveUp));
	}
}

/** Whether the recipe promises that its user gets in. */
const isChecked = ({ features, packages, withoutPackages = [] }: LabNode, { password }: MachineRunSpec): boolean =>
	password !== undefined && (packages.includes('openssh-server') || (features.includes('ssh') && !withoutPackages.includes('openssh-server')));

/** Logs in to a node, and where that fails asks the node why. Rejects only when the signal aborts. */
export async function checkLogin(
	machine: MachineRunSpec,
	{ deadlines }: Pick<RunSpec, 'deadlines'>,
	{ guests, signal }: Pick<LoginContext, 'guests' | 'signal'>,
): Promise<LoginOutcome> {
	const { spec, address, username, password = '', hostKey, sshPort = defaultPort } = machine;
	const began = performance.now();
	const logInAt = async (port: number, deadlineMs: number, timeoutMs: number): Promise<Failure | undefined> => {
		// Loaded when it is needed first: the SSH library takes its time.
		const { logIn } = await import('../ssh/login.js');
		const target = { node: spec.name, host: address, port, username, password, hostKey };
		const knock = () => logIn({ ...target, timeoutMs, signal }).then(() => undefined, failureOf);
		const isDecided = (failure: Failure | undefined) => failure?.code !== 'ssh-unreachable';
		return (await poll(knock, isDecided, { intervalMs, deadlineMs, signal })).last;
	};
	const failureOf = (error: unknown): Failure => {
		signal.throwIfAborted();
		if (error instanceof Failure) return error;
		throw error;
	};
	const outcome = (port: number, status: LoginOutcome['status'], message?: string): LoginOutcome => ({
		...{ node: spec.name, username, port, status, ms: Math.round(performance.now() - began) },
		...(message === undefined ? {} : { message }),
	});

	const failure = await logInAt(sshPort, 0, deadlines.loginMs);
	if (!failure) return outcome(sshPort, 'passed');
	const server = await askServer(guests, machine, deadlines.assertionMs, signal);
	const port = server.ports.includes(sshPort) ? sshPort : (server.ports[0] ?? sshPort);
	// A server that is still starting is waited for; one that is there and not reached is behind a firewall.
	const patienceMs = server.ports.includes(port) ? 0 : deadlines.assertionMs;
	const again = port === sshPort && !mayPass(failure) ? failure : await logInAt(port, patienceMs, secondChance * deadlines.loginMs);
	if (!again) {
		return port === sshPort ? outcome(port, 'passed') : outcome(port, 'closed', `SSH is at port ${port}, not ${sshPort} as the recipe has it`);
	}
	const reason = whyClosed(again, server, machine);
	return reason === undefined ? outcome(port, 'failed', messageOf(again)) : outcome(port, 'closed', reason);
}

/** What a second try, with more time, may find otherwise: a host that is busy for a while is no fault of the lab's. */
const mayPass = ({ code }: Failure): boolean => code === 'ssh-unreachable' || code === 'ssh-late';

/** How many times as long a second try may take. */
const secondChance = 3;

const messageOf = ({ message, hint }: Failure): string => (hint === undefined ? message : `${message} (${hint})`);

/** How a node's SSH server is configured for the user, as sshd itself prints it. */
export interface ServerSettings {
	/** Ports that somebody listens at, of those that it is configured for. */
	readonly ports: readonly number[];
	/** By the lower-case names of sshd_config(5). */
	readonly settings: ReadonlyMap<string, string>;
}

async function askServer(
	guests: LoginContext['guests'],
	{ spec, username }: MachineRunSpec,
	timeoutMs: number,
	signal: AbortSignal,
): Promise<ServerSettings> {
	const command = `ss -Hltn; echo; sshd -T -C ${quote(`user=${username},host=lab,addr=10.0.2.1`)}`;
	try {
		return readServer((await guests(spec.name).run(command, { timeoutMs, signal })).stdout);
	} catch {
		signal.throwIfAborted();
		return readServer('');
	}
}

/** Reads sockets as ss(8) prints them, a blank line, and the settings of `sshd -T`. */
export function readServer(text: string): ServerSettings {
	const [sockets = '', reported = ''] = text.split(/\n\n|^\n/);
	const pairs = reported.split('\n').map((line) => [line.split(' ')[0] ?? '', line.slice(line.indexOf(' ') + 1).trim()] as const);
	const open = new Set(parseListeners(sockets).map(({ port }) => port));
	const ports = pairs.filter(([key]) => key === 'port').map(([, value]) => Number(value));
	return { ports: ports.filter((port) => open.has(port)), settings: new Map(pairs) };
}

/** Settings that keep people out where somebody has made them. */
const lists = ['allowusers', 'allowgroups', 'denyusers', 'denygroups'];

/** Why a node refuses a login by its own configuration, as a sentence; nothing where it means to let the user in. */
export function whyClosed({ code }: Pick<Failure, 'code'>, { ports, settings }: ServerSettings, { username, sshPort = defaultPort }: Pick<MachineRunSpec, 'username' | 'sshPort'>): string | undefined {
	if (code === 'ssh-host-key') return 'it has another host key than it was given: `rehearse ssh` does not trust it';
	if (code === 'ssh-unreachable' && ports.length > 0) {
		return `its SSH server listens at port ${ports.join(', ')}, and nobody reaches that from outside: a firewall, or is its link down?`;
	}
	if (code !== 'ssh-auth') return undefined;
	const asksNothing = settings.get('passwordauthentication') === 'no' && settings.get('kbdinteractiveauthentication') !== 'yes';
	const where = ports.length > 0 && !ports.includes(sshPort) ? ` (port ${ports[0]})` : '';
	if (asksNothing) return `its SSH server takes no passwords${where} (PasswordAuthentication no): ${username} gets in with a key only`;
	const ofRoot = settings.get('permitrootlogin') ?? 'yes';
	if (username === 'root' && ofRoot !== 'yes') return `its SSH server takes no password of root's${where} (PermitRootLogin ${oneLine(ofRoot)})`;
	const methods = settings.get('authenticationmethods') ?? 'any';
	if (methods !== 'any' && !/password|keyboard/.test(methods)) return `its SSH server takes ${oneLine(methods)} only${where}`;
	const list = lists.find((name) => settings.has(name));
	return list === undefined ? undefined : `its SSH server lets some people in only${where} (${list} ${oneLine(settings.get(list) ?? '')})`;
}
