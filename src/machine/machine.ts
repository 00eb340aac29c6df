/** A machine that is booted from an image of the tool, or restored, with the tool's agent in it. */
import { brokenFailure } from '../base/errors.js';
import { onLines } from '../base/lines.js';
import { untilAborted, withDeadline } from '../base/waiting.js';
import { type AgentMessage, endless, maximumLineBytes, parseAgentMessage, sendTime } from './agent-message.js';
import { cloudInitComplaints } from './cloud-init.js';
import { CommandChannel } from './command-channel.js';
import { ControlChannel } from './control-channel.js';
import { DebugChannel } from './debugging/channel.js';
import type { Agent, Guest } from './guest.js';
import { startQemu, type QemuOptions, type QemuProcess } from './process.js';
import { machineDied, type RunningMachine } from './running-machine.js';
import { qemuArguments, type MachineSpec, type Start } from './spec.js';

export interface MachineOptions extends QemuOptions {
	readonly start: Start;
	readonly onMessage: (message: AgentMessage) => void;
}

/** Starts a machine: resolves when QEMU runs and its command channel and its control channel are open, long before the guest has booted. */
export async function startMachine(spec: MachineSpec, options: MachineOptions): Promise<RunningMachine> {
	const qemu = await startQemu(spec, qemuArguments(spec, options.accelerator, options.start), options);
	const { hardware } = qemu;
	const [agent, commands] = await connectAgent(spec, qemu, options);
	return {
		...hardware,
		agent,
		guest: agentGuest(hardware, agent, commands),
		shutDown: (wait) => qemu.ends(() => agent.send('reboot'), wait),
	};
}

async function connectAgent(spec: MachineSpec, { connect, breakage, late }: QemuProcess, options: MachineOptions): Promise<readonly [Agent, CommandChannel]> {
	const agent = await connect(spec.agentSocket);
	let isTold = false;
	const onTooLong = (maximumBytes: number = maximumLineBytes) => {
		// Once, on however many channels.
		if (!isTold) options.onNotice(endless(maximumBytes));
		isTold = true;
	};
	const controlChannel = new ControlChannel(spec.name, await connect(spec.controlChannelSocket), onTooLong);
	const commands = new CommandChannel(spec.name, await connect(spec.commandSocket), onTooLong);
	const debugChannel = new DebugChannel(await connect(spec.debugSocket), onTooLong);
	const mailbox = new Mailbox();
	const endAgent = () => agent.destroy();
	agent.on('error', endAgent);
	const onLine = (line: string) => {
		const message = parseAgentMessage(line);
		if (!message) return;
		// At once: a delay here would be an error of the guest's clock.
		if (message.kind === 'clock') return sendTime(agent);
		mailbox.put(message);
		try {
			options.onMessage(message);
		} catch (error) {
			breakage.report(machineDied, `a message of its agent makes no sense: ${(error as Error).message}`);
		}
	};
	onLines(agent, { maximumBytes: maximumLineBytes, onLine, onTooLong });
	const connected: Agent = {
		controlChannel,
		debugChannel,
		send: (request) => void agent.write(`${request}\n`),
		waitFor(kind, { deadlineMs, signal, what }) {
			const message = untilAborted(Promise.race([mailbox.take(kind), breakage.promise]), signal);
			return withDeadline(message, deadlineMs, () => late(what, deadlineMs), signal);
		},
	};
	return [connected, commands];
}

/** The guest by what its agent does in it. */
const agentGuest = ({ name, consoleTail }: QemuProcess['hardware'], agent: Agent, commands: CommandChannel): Guest => ({
	commands,
	async untilUp(wait) {
		const { cloudInit, failedUnits } = await agent.waitFor('provisioned', { ...wait, what: 'the end of cloud-init was' });
		const complaints = cloudInitComplaints(cloudInit);
		if (complaints.length > 0) {
			const detail = [...complaints, failedUnits, consoleTail()].filter(Boolean).join('\n');
			throw brokenFailure('cloud-init', `${name}: cloud-init did not end well`, { node: name, detail });
		}
		if (failedUnits !== '') {
			throw brokenFailure('units-failed', `${name}: units failed while it booted`, { node: name, detail: failedUnits });
		}
	},
	async untilBack(wait) {
		// A failed unit is the lab's doing, and whoever restarted the machine reports it. Startup scripts ran at the first boot.
		await agent.waitFor('provisioned', { ...wait, what: 'the end of its boot was' });
		return [];
	},
	runScripts(wait) {
		agent.send('start');
		return agent.waitFor('started', { ...wait, what: 'the end of its startup scripts was' });
	},
	async snapshot(wait) {
		agent.send('snapshot');
		return (await agent.waitFor('snapshot', { ...wait, what: 'its state snapshot was' })).data;
	},
	readJournal: (lines, slowdown, signal) => agent.controlChannel.readJournal(lines, slowdown, signal),
	setClock: () => agent.send('sync'),
});

/** How many messages of a kind are kept: one is asked for, and one may have come too early. */
const keptMessages = 2;

/** The agent's messages, the first of each kind kept until somebody asks for them. */
class Mailbox {
	readonly #waiting = new Map<string, (message: AgentMessage) => void>();
	readonly #kept: AgentMessage[] = [];

	put(message: AgentMessage): void {
		const waiting = this.#waiting.get(message.kind);
		this.#waiting.delete(message.kind);
		if (waiting) waiting(message);
		else if (this.#kept.filter(({ kind }) => kind === message.kind).length < keptMessages) this.#kept.push(message);
	}

	take<K extends AgentMessage['kind']>(kind: K): Promise<Extract<AgentMessage, { kind: K }>> {
		const index = this.#kept.findIndex((message) => message.kind === kind);
		if (index >= 0) return Promise.resolve(this.#kept.splice(index, 1)[0] as Extract<AgentMessage, { kind: K }>);
		return new Promise((resolve) => this.#waiting.set(kind, resolve as (message: AgentMessage) => void));
	}
}
