import { quote } from '../base/shell.js';
import { heldFor } from './holding.js';
import { commandCheck, expected, judgement, sawEnding, type AssertionOf } from './check.js';

/** Prints systemd's properties of a unit: `KEY=value` lines, and `now`, the machine's uptime in seconds. */
const showUnit = (service: string): string =>
	`read -r now _ </proc/uptime; echo "now=$now"; exec systemctl show -p ActiveState,ActiveEnterTimestampMonotonic -- ${quote(service)}`;

/** `service_running`: systemd has reported the unit as active for a while. */
export const serviceRunning = commandCheck<AssertionOf<'service_running'>>({
	title: ({ service }) => `service ${service} runs`,
	probe: ({ service }) => showUnit(service),
	judge: ({ service }, result) => {
		const value = (key: string) => new RegExp(`^${key}=(.*)$`, 'm').exec(result.stdout)?.[1] ?? '';
		const [state, since] = [value('ActiveState'), Number(value('ActiveEnterTimestampMonotonic'))];
		const what = `service ${service} active`;
		return state === 'active'
			? heldFor(since > 0 ? Number(value('now')) * 1000 - since / 1000 : undefined, what, state)
			: expected(what, state || sawEnding(result));
	},
});

/** States of systemctl(1) is-enabled under which a unit starts at boot; `static` and `indirect` do not make it. */
const enabledStates = new Set(['enabled', 'enabled-runtime', 'alias']);

/** `service_enabled`: systemd starts the unit at boot. */
export const serviceEnabled = commandCheck<AssertionOf<'service_enabled'>>({
	title: ({ service }) => `service ${service} is enabled`,
	probe: ({ service }) => `systemctl is-enabled -- ${quote(service)}`,
	judge: ({ service }, result) => {
		const state = result.stdout.trim();
		return judgement(enabledStates.has(state), `service ${service} enabled`, state || sawEnding(result));
	},
});

export interface GuestProcess {
	readonly pid: number;
	readonly parent: number;
	readonly user: string;
	/** The kernel's name of the process, at most 15 characters. */
	readonly name: string;
	/** The command line, its words joined by blanks. */
	readonly commandLine: string;
}

/** The kernel keeps 15 characters of a process's name (TASK_COMM_LEN, proc_pid_comm(5)). */
const nameLength = 15;
const userWidth = 32;

/** Prints the process id of what lists the processes, and the list: columns of fixed width, since a name may contain blanks. */
const listProcesses = `echo $$; exec ps -eo pid:10=,ppid:10=,user:${userWidth}=,comm:${nameLength}=,args=`;

const columns = new RegExp(`^ *(\\d+) +(\\d+) (.{${userWidth}}) (.{${nameLength}}) (.*)$`, 's');

/** Reads what that prints. The processes by which it was asked for are none of the lab's, and left out. */
export function parseProcesses(output: string): GuestProcess[] {
	const [asking = '', ...lines] = output.split('\n');
	const processes = lines.flatMap((line) => {
		const [, pid, parent, user = '', name = '', commandLine = ''] = columns.exec(line) ?? [];
		return pid === undefined ? [] : [{ pid: Number(pid), parent: Number(parent), user: user.trim(), name: name.trim(), commandLine: commandLine.trim() }];
	});
	const byPid = new Map(processes.map((process) => [process.pid, process]));
	const own = new Set<GuestProcess>();
	const isOwn = (process: GuestProcess) => own.size === 0 || isOfAgent(process) || leadingToIt.has(process.name);
	// From what lists them up to whom nobody has started to ask.
	for (let process = byPid.get(Number(asking)); process && !own.has(process) && isOwn(process); process = byPid.get(process.parent)) own.add(process);
	return processes.filter((process) => !own.has(process) && !isOfAgent(process));
}

/** Where the seed puts what the host asks a guest by. */
const agentDirectory = '/usr/local/lib/rehearse/';

const isOfAgent = ({ commandLine }: GuestProcess): boolean => commandLine.split(' ', 2).some((word) => word.startsWith(agentDirectory));

/** Programs between whoever answers the host in a guest and what it asks: shells, and those that make root of a user. */
const leadingToIt = new Set(['bash', 'sh', 'dash', 'sudo', 'timeout']);

const interpreter = /^(?:python|perl|ruby|node|bash|dash|sh)[\d.]*$/;

const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/**
 * Whether a process has a name: the kernel's name of it, that of its program, or that of the script that an interpreter
 * runs.
 */
export function isCalled({ name, commandLine }: GuestProcess, wanted: string): boolean {
	const [program = '', ...rest] = commandLine.split(' ');
	const programName = baseName(program.replace(/:$/, ''));
	const script = interpreter.test(programName) ? rest.find((word) => !word.startsWith('-')) : undefined;
	if (programName === wanted || baseName(script ?? '') === wanted) return true;
	// Of a longer name the kernel has the beginning only, which others may have too; a kernel thread has nothing else.
	return wanted.length <= nameLength ? name === wanted : name === wanted.slice(0, nameLength) && /^\[.*\]$/.test(commandLine);
}

/** `process_running`: at least one process; with `count` exactly that many. */
export const processRunning = commandCheck<AssertionOf<'process_running'>>({
	title: ({ name, user }) => `process ${name} runs${user === undefined ? '' : ` as ${user}`}`,
	probe: () => listProcesses,
	judge: ({ name, user, count }, result) => {
		const number = count === undefined ? 'a process' : `${count} of process`;
		const what = `${number} ${name}${user === undefined ? '' : ` of user ${user}`}`;
		if (result.exitCode !== 0) return expected(what, sawEnding(result));
		const called = parseProcesses(result.stdout).filter((process) => isCalled(process, name));
		const fitting = called.filter((process) => user === undefined || process.user === user);
		const passed = count === undefined ? fitting.length > 0 : fitting.length === count;
		const users = [...new Set(called.map((process) => process.user))].join(', ');
		return judgement(passed, what, called.length === 0 ? 'none' : `${called.length} of ${users}`);
	},
});
