/** What the supervisor, the first process of a lab's namespace, is told, and what it tells. */
import type { CheckpointMachine, Manifest } from '../checkpoint/manifest.js';
import type { Origin, RobustnessCheck, ReportedError, RunEventBody, ScriptOutcome, Status } from '../lab/events.js';
import type { Lab, StartupScript } from '../lab/lab.js';
import type { StateFiles } from '../machine/memory.js';
import type { Accelerator, MachineSpec } from '../machine/spec.js';

/** When the machines are left running for somebody to look at. */
export type Keep = 'never' | 'on-failure' | 'always';

/** One machine to run: how to start it and how to get in. */
export interface MachineRunSpec {
	readonly spec: MachineSpec;
	readonly diskMiB: number;
	readonly consoleFile: string;
	readonly address: string;
	/** The declared user that people get in as. */
	readonly username: string;
	/** Absent where that user has none, who then gets in with a key only. */
	readonly password?: string;
	/** Where its recipe has SSH; 22 where it says nothing of it. */
	readonly sshPort?: number;
	/** The public half of the host key that the node was given. */
	readonly hostKey: string;
	/** Where the machine comes from, as planned: one that cannot be restored is booted. */
	readonly origin: Origin;
	/** What it is restored from. */
	readonly restore?: SavedState;
	/** The key of its own checkpoint of before its startup scripts, whether or not there is one; none on a cold run. */
	readonly provisionedKey?: string;
	/** What is made of its state once it is provisioned; nothing on a cold run. */
	readonly save?: SaveRequest;
	/** Its niceness while a scenario waits for all machines of the lab, from 0 to 19 (nice(2)). */
	readonly niceness?: number;
	/** How its startup scripts had ended when it was exported; it is only ever restored. */
	readonly startup?: PastStartup;
}

/** How the startup scripts of a node have ended. */
export interface PastStartup {
	readonly status: Status;
	/** Without their traces. */
	readonly scripts: readonly ScriptOutcome[];
}

/** The files of one machine in a checkpoint. */
export interface SavedState extends StateFiles {
	/** The checkpoint's own directory. */
	readonly checkpoint: string;
	/** Disk layers, top first. */
	readonly layers: readonly string[];
}

/** A checkpoint that is to be made. */
export interface SaveRequest {
	/** Where it is written; there already, and removed by whoever gave the order. */
	readonly staging: string;
	readonly manifest: Pick<Manifest, 'schema' | 'key' | 'kind' | 'lab' | 'run'>;
	/** Of each machine, in the order of the nodes that are saved. */
	readonly machines: readonly Pick<CheckpointMachine, 'node' | 'fingerprint' | 'startupCpuMs'>[];
	/** Names of files that are in the staging directory already. */
	readonly alsoWritten?: readonly string[];
}

/** Where the checkpoint of an export goes. */
export interface ExportRequest extends Pick<SaveRequest, 'staging'> {
	readonly key: string;
}

/** Everything the supervisor needs, as one line of JSON on its standard input. */
export interface RunSpec {
	readonly lab: Lab;
	readonly machines: readonly MachineRunSpec[];
	/** What is made of the state of all machines once their startup scripts have passed. */
	readonly saveStarted?: SaveRequest;
	/** The key of the started lab's checkpoint, whether or not there is one; none on a cold run. */
	readonly startedKey?: string;
	/** What is made of the state of all machines when the lab has not passed. */
	readonly saveFailed?: ExportRequest;
	/** Whether the scenario is run once the machines are started; a lab that is brought up to stay waits to be asked. */
	readonly scenario: boolean;
	/** Whether declared passwords stay in what the lab answers to those who ask it later. */
	readonly showSecrets?: boolean;
	/** The store of checkpoints. */
	readonly checkpoints: string;
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
	/** How many times slower the guests are than the plan was written for. */
	readonly slowdown: number;
	readonly keep: Keep;
	/** Whether startup scripts are traced. */
	readonly trace: boolean;
	/** The robustness checks that run once the scenario has passed. */
	readonly robustness: readonly RobustnessCheck[];
	/** How long a node waits, once all machines are there, before its startup scripts begin, in milliseconds. */
	readonly pace?: Readonly<Record<string, number>>;
	/** Whether state snapshots of the machines are written into the run's directory at the end. */
	readonly snapshots: boolean;
	/** What the run is called. */
	readonly run: string;
	readonly runDirectory: string;
	/** What a person is told when the lab is kept. */
	readonly access: { readonly sshConfigFile: string; readonly end: string };
	readonly disks: string;
	/** Where the journals go of a run that failed. */
	readonly journals: string;
	readonly sockets: string;
}

/** What the supervisor writes to descriptor 3, a line of JSON each. */
export type SupervisorMessage = RunEventBody | { readonly type: 'supervisor-done'; readonly error?: ReportedError };

/** How long each wait may take, in milliseconds, scaled to the accelerator. */
export interface Deadlines {
	/** From power-on to the end of cloud-init. */
	readonly provisioningMs: number;
	/** To save or to load the state of a machine. */
	readonly stateMs: number;
	/** From a restore to the machine's first word. */
	readonly wakeMs: number;
	/** For each startup script. */
	readonly scriptMs: number;
	/** For each assertion. */
	readonly assertionMs: number;
	/** For one attempt to log in. */
	readonly loginMs: number;
}

/** How long a startup script may take, in milliseconds: what the plan or the command line says, as stretched as all else. */
export const scriptDeadlineMs = (
	{ timeoutSeconds }: Pick<StartupScript, 'timeoutSeconds'>,
	{ scriptMs }: Pick<Deadlines, 'scriptMs'>,
	slowdown: number,
): number => (timeoutSeconds === undefined ? scriptMs : Math.round(timeoutSeconds * 1000 * slowdown));

/** The words that the supervisor understands on its standard input, after the first line. */
export type SupervisorRequest = 'stop' | 'release';

/** A host with KVM and time; every deadline is a multiple of these. */
const baseDeadlines: Deadlines = {
	provisioningMs: 90_000,
	stateMs: 20_000,
	wakeMs: 15_000,
	scriptMs: 60_000,
	assertionMs: 5_000,
	loginMs: 8_000,
};

/** How long a canary takes where deadlines need no stretching, in milliseconds. */
const referenceCanaryMs = 1500;

/** How much slower than the reference this host runs `machines` machines at once. */
export function slowdownOf(canaryMs: number, machines: number, cores: number): number {
	return Math.max(1, canaryMs / referenceCanaryMs) * Math.max(1, machines / cores);
}

/** Every deadline of a run on a host that is `slowdown` times slower than the reference. */
export function scaledDeadlines(slowdown: number): Deadlines {
	const scaled = Object.entries(baseDeadlines).map(([name, ms]) => [name, Math.round(ms * slowdown)] as const);
	return Object.fromEntries(scaled) as unknown as Deadlines;
}

/** Which tests are run, and how patiently. */
export interface ScenarioRequest {
	/** Names of tests; all of them when there is none. */
	readonly tests: readonly string[];
	/** For each assertion, in milliseconds: a lab that has settled needs no more than one look. */
	readonly deadlineMs: number;
	/** Whoever asked is gone. */
	readonly signal: AbortSignal;
}

/** Nodes that are made anew, and the lab that there is then. */
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
