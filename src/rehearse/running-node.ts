import { readFile } from 'node:fs/promises';
import type { RunEventBody, Status } from '../lab/events.js';
import type { LinkState } from '../network/link.js';
import type { Arrived } from './arrival.js';
import type { SupervisedMachine } from './supervised.js';

/** How far a node is. */
export type NodeStage = 'waiting' | 'restoring' | 'booting' | 'provisioned' | 'starting' | 'started' | 'startup failed' | 'ended';

/** A node of a lab that runs, as `rehearse status` shows it. */
export interface NodeStatus {
	readonly name: string;
	readonly stage: NodeStage;
	readonly paused: boolean;
	/** Since its machine was booted or restored, in milliseconds; absent where none runs. */
	readonly uptimeMs?: number;
	readonly uplinkAddress: string;
	/** Lab address with prefix length. */
	readonly alias: string;
	/** Of its QEMU. */
	readonly residentMiB?: number;
	readonly memoryMiB: number;
	readonly startup?: Status;
	readonly link: LinkState;
}

/** A node while its lab runs. What is known of it comes from its events. */
export class RunningNode {
	supervised: SupervisedMachine;
	arrived: Arrived | undefined;
	stage: NodeStage = 'waiting';
	startup: Status | undefined;
	paused = false;
	link: LinkState = { state: 'up' };
	readonly #alias: string;
	#startedAt: number | undefined;

	constructor(supervised: SupervisedMachine, alias: string) {
		this.supervised = supervised;
		this.#alias = alias;
	}

	get name(): string {
		return this.supervised.spec.name;
	}

	/** Takes a machine that was started for the node; it has not arrived yet. */
	begin(arrived: Arrived): void {
		this.arrived = arrived;
		this.#startedAt = performance.now();
		this.paused = false;
	}

	/** There is no machine of the node any more. */
	lose(): void {
		this.arrived = undefined;
		this.#startedAt = undefined;
		this.stage = 'ended';
	}

	/** Follows what is told of the node. */
	observe(event: RunEventBody): void {
		if (event.type === 'stage-started' && event.node === this.name) {
			if (event.stage === 'restore') this.stage = 'restoring';
			if (event.stage === 'boot') this.stage = 'booting';
			if (event.stage === 'startup') this.stage = 'starting';
		}
		if (event.type === 'stage-finished' && event.node === this.name) {
			if (event.stage === 'restore' || event.stage === 'boot') this.stage = 'provisioned';
			if (event.stage === 'startup') this.settle(event.status);
		}
	}

	/** Its startup scripts are over, in this run or in the one that its checkpoint was made in. */
	settle(startup: Status): void {
		this.startup = startup;
		this.stage = startup === 'passed' ? 'started' : 'startup failed';
	}

	/** Everything about it at this moment. */
	async status(): Promise<NodeStatus> {
		const { supervised, arrived, startup } = this;
		const residentMiB = arrived && (await residentMemory(arrived.machine.pid));
		return {
			name: this.name,
			stage: this.stage,
			paused: this.paused,
			...(this.#startedAt === undefined ? {} : { uptimeMs: Math.round(performance.now() - this.#startedAt) }),
			uplinkAddress: supervised.address,
			alias: this.#alias,
			...(residentMiB === undefined ? {} : { residentMiB }),
			memoryMiB: supervised.spec.memoryMiB,
			...(startup === undefined ? {} : { startup }),
			link: this.link,
		};
	}
}

/** Resident memory of a process in MiB (proc_pid_status(5), VmRSS). */
async function residentMemory(pid: number): Promise<number | undefined> {
	const text = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
	const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(text)?.[1];
	return kibibytes === undefined ? undefined : Math.round(Number(kibibytes) / 1024);
}
