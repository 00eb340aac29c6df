/** The messages between `rehearse` and the supervisor, the first process of a lab's namespaces. */
import type { DeclaredPassword } from '../base/secrets.js';
import type { CheckpointMachine, Manifest } from '../checkpoint/manifest.js';
import type { Origin, RobustnessCheck, ReportedError, RunEventBody, ScriptOutcome, Status } from '../lab/events.js';
import { defaultScriptSeconds, type Lab, type StartupScript } from '../lab/lab.js';
import type { StateFiles } from '../machine/memory.js';
import type { Accelerator, MachineSpec } from '../machine/spec.js';

/** When the machines keep running after the scenario, for somebody to look at. */
export type Keep = 'never' | 'on-failure' | 'always';

/** The specification of one machine: how to start it, and how to log in. */
export interface MachineRunSpec {
	readonly spec: MachineSpec;
	readonly diskMiB: number;
	readonly consoleFile: string;
	readonly address: string;
	/** The declared user that people get in as. */
	readonly username: string;
	/** Absent where that user has none, who then gets in with a key only. */
	readonly password?: string;
	/** Where its recipe has SSH; 22 where it has no port. */
	readonly sshPort?: number;
	/** The public half of the node's SSH host key. */
	readonly hostKey: string;
	/** How the machine is to start. If it cannot be restored, the supervisor boots it. */
	readonly origin: Origin;
	/** The files that it is restored from. */
	readonly restore?: SavedState;
	/** The key of its own checkpoint from before its startup scripts, whether that exists or not; absent on a cold run. */
	readonly provisionedKey?: string;
	/** The checkpoint that is made of it once it is provisioned; absent on a cold run. */
	readonly save?: SaveRequest;
	/** Its niceness while the scenario waits for all machines of the lab, from 0 to 19 (nice(2)). */
	readonly niceness?: number;
	/** How its startup scripts had ended when it was exported. Only for an imported machine, which is always restored. */
	readonly startup?: PastStartup;
	/**
	 * Its image is still being built: the files and the origin here are not those that it will have. The supervisor waits
	 * for LateMachines that have them.
	 */
	readonly isPending?: true;
}

/** How the startup scripts of a node ended. */
export interface PastStartup {
	readonly status: Status;
	/** Without their traces. */
	readonly scripts: readonly ScriptOutcome[];
}

/** The files of one machine in a checkpoint. */
export interface SavedState extends StateFiles {
	/** The checkpoint's directory. */
	readonly checkpoint: string;
	/** Disk layers, top first. */
	readonly layers: readonly string[];
}

/** A checkpoint to make. */
export interface SaveRequest {
	/** The directory to write to. The caller has made it, and removes it. */
	readonly staging: string;
	readonly manifest: Pick<Manifest, 'schema' | 'key' | 'kind' | 'lab' | 'run'>;
	/** For each machine, in the order of the nodes that are saved. */
	readonly machines: readonly Pick<CheckpointMachine, 'node' | 'fingerprint' | 'startupCpuMs'>[];
	/** Names of files that are in the staging directory already. */
	readonly alsoWritten?: readonly string[];
}

/** The checkpoint of an export to make. */
export interface ExportRequest extends Pick<SaveRequest, 'staging'> {
	readonly key: string;
}

/** What is done with a lab once its machines run, as the person asked. */
export interface RunCourse {
	/** Whether the scenario runs once the machines are started. A detached lab waits for requests instead. */
	readonly scenario: boolean;
	readonly keep: Keep;
	/** Whether startup scripts are traced. */
	readonly trace: boolean;
	/** The robustness checks that run once the scenario has passed. */
	readonly robustness?: readonly RobustnessCheck[];
	/** How long each node waits before its startup scripts begin, once all machines are provisioned, in milliseconds. */
	readonly pace?: Readonly<Record<string, number>>;
	/**
	 * Whether state snapshots of the machines are written to the run directory (../runs/snapshots), after the events that
	 * decide the verdict.
	 */
	readonly snapshots?: boolean;
	/** Whether declared passwords are left in what is shown and kept. */
	readonly showSecrets?: boolean;
}

/** What the host gives the machines, and how fast it is. */
export interface RunHost {
	readonly accelerator: Accelerator;
	/** The host's part in what a saved machine depends on, the accelerator apart. */
	readonly host: {
		readonly qemuVersion: string;
		/** The processor by its model name. */
		readonly processor: string;
		/** What else shows in a guest's processor under that accelerator, by names for people. */
		readonly processorInputs: Readonly<Record<string, string>>;
	};
	readonly deadlines: Deadlines;
	/** How many times slower the guests run than on the reference host (see `slowdownOf`). */
	readonly slowdown: number;
}

/** Where checkpoints of the whole lab come from and go to. */
export interface RunCheckpoints {
	/** The store of checkpoints. */
	readonly checkpoints: string;
	/** The key of the started lab's checkpoint, whether that exists or not; absent on a cold run. */
	readonly startedKey?: string;
	/** The checkpoint that is made of all machines once their startup scripts have passed. */
	readonly saveStarted?: SaveRequest;
	/** The checkpoint that is made of all machines when the lab has not passed. */
	readonly saveFailed?: ExportRequest;
}

/** Where the files of a run are. */
export interface RunPlaces {
	/** The name of the run. */
	readonly run: string;
	readonly runDirectory: string;
	readonly disks: string;
	/** The directory for the nodes' journals when the run fails. */
	readonly journals: string;
	readonly sockets: string;
}

/** Everything that the supervisor needs, but for LateMachines. It reads it from its standard input, as one line of JSON. */
export interface RunSpec extends RunCourse, RunHost, RunCheckpoints, RunPlaces {
	readonly lab: Lab;
	readonly machines: readonly MachineRunSpec[];
	/** Shown to the person when the lab is detached: how to log in, and how to end it. */
	readonly access: { readonly sshConfigFile: string; readonly end: string };
}

/** What the supervisor writes to descriptor 3, as lines of JSON. */
export type SupervisorMessage =
	| RunEventBody
	/** Passwords that a reload brings: to be masked in what is kept, and never kept themselves. It comes before anything that may contain one. */
	| { readonly type: 'passwords'; readonly passwords: readonly DeclaredPassword[] }
	| { readonly type: 'supervisor-done'; readonly error?: ReportedError };

/** The deadline of each kind of wait, in milliseconds, scaled to the speed of the accelerator. */
export interface Deadlines {
	/** From power-on to the end of cloud-init. */
	readonly provisioningMs: number;
	/** For saving or loading the state of a machine. */
	readonly stateMs: number;
	/** From a restore to the machine's first message. */
	readonly wakeMs: number;
	/** For each startup script. */
	readonly scriptMs: number;
	/** For each assertion. */
	readonly assertionMs: number;
	/** For one attempt to log in. */
	readonly loginMs: number;
}

/** How long a startup script may take, in milliseconds: the time of the plan or the command line, stretched as all else. */
export const scriptDeadlineMs = (
	{ timeoutSeconds }: Pick<StartupScript, 'timeoutSeconds'>,
	{ scriptMs }: Pick<Deadlines, 'scriptMs'>,
	slowdown: number,
): number => (timeoutSeconds === undefined ? scriptMs : Math.round(timeoutSeconds * 1000 * slowdown));

/** How long the startup scripts of a node may take, one after another. Who ends each at its deadline gets as long again to report that. */
export const startupDeadlineMs = (scripts: readonly Pick<StartupScript, 'timeoutSeconds'>[], deadlines: Pick<Deadlines, 'scriptMs'>, slowdown: number): number =>
	scripts.reduce((sum, script) => sum + scriptDeadlineMs(script, deadlines, slowdown), deadlines.scriptMs);

/**
 * The words that the supervisor reads from its standard input, one a line, after the first line. A line that is no word is
 * LateMachines in JSON.
 */
export type SupervisorRequest = 'stop' | 'release';

/**
 * Machines that were pending when their lab was started, now that their images are there. With the last of them comes what
 * concerns the whole lab. Whoever started the lab stops it where one cannot be made, and so does the run's time limit.
 */
export type LateMachines = Omit<Replacement, 'lab'>;

/** The deadlines on the reference host, which has KVM and is idle. */
const baseDeadlines: Deadlines = {
	provisioningMs: 90_000,
	stateMs: 20_000,
	wakeMs: 15_000,
	scriptMs: defaultScriptSeconds * 1000,
	assertionMs: 5_000,
	loginMs: 8_000,
};

/** How long the canary takes on the reference host, in milliseconds. */
const referenceCanaryMs = 1500;

/**
 * How many times slower than the reference host this host runs `machines` machines at once.
 * @param canaryMs how long the canary took on this host, in milliseconds
 */
export function slowdownOf(canaryMs: number, machines: number, cores: number): number {
	return Math.max(1, canaryMs / referenceCanaryMs) * Math.max(1, machines / cores);
}

/** The deadlines on a host that is `slowdown` times slower than the reference host. */
export function scaledDeadlines(slowdown: number): Deadlines {
	const scaled = Object.entries(baseDeadlines).map(([name, ms]) => [name, Math.round(ms * slowdown)] as const);
	return Object.fromEntries(scaled) as unknown as Deadlines;
}

/** Which tests run, and how long their assertions may take. */
export interface ScenarioRequest {
	/** Names of tests. An empty list means all. */
	readonly tests: readonly string[];
	/** Deadline of each assertion, in milliseconds. A lab that has settled needs only one attempt. */
	readonly deadlineMs: number;
	/** Aborts when the client has disconnected. */
	readonly signal: AbortSignal;
}

/** Nodes to replace, and the lab as it is afterwards. */
export interface Replacement extends Pick<RunSpec, 'lab' | 'startedKey' | 'saveStarted'> {
	readonly machines: readonly MachineRunSpec[];
}

/** What a lab is made from, once some of its nodes have been made anew. */
export function withReplacement(run: RunSpec, { machines, ...lab }: Replacement): RunSpec {
	const all = run.machines.map((before) => machines.find(({ spec }) => spec.name === before.spec.name) ?? before);
	// A key of the checkpoint of the lab that was must not be taken for one of the lab that is.
	const { startedKey: _was, saveStarted: _then, ...rest } = run;
	return { ...rest, ...lab, machines: all };
}
