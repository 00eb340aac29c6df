/** What can be asked of a lab that runs, over its control socket (../control). */
import { usageFailure } from '../base/errors.js';
import type { Mask } from '../base/secrets.js';
import { endOf } from '../base/format.js';
import { washed } from '../base/wash.js';
import { duplexPair } from '../base/streams.js';
import type { Answer, Exchange } from '../control/server.js';
import type { Emit, RunEventBody } from '../lab/events.js';
import { maskFailure, masksOf, shownEvent, shownText } from '../lab/mask.js';
import type { Lab, ScenarioTest } from '../lab/lab.js';
import { servicePorts } from '../lab/service-ports.js';
import type { CommandAnswer, CurrentLab, LabRequest, LabStatus } from '../protocol/requests.js';
import { announceTests } from '../scenario/checks.js';
import { scriptsToStep } from './debugging/serve.js';
import { saveJournals } from './journals.js';
import { checkLogin } from './logins.js';
import type { RunningLab } from './running-lab.js';
import type { RunningNode } from './running-node.js';

/** Answers for a lab. `end` has it end. */
export function answersOf(lab: RunningLab, end: () => void): Answer {
	return async (asked) => {
		const request = asked.request as LabRequest;
		// A reload brings passwords of its own.
		const nodes = [...lab.runSpec.lab.nodes, ...(request.op === 'replace' ? request.lab.nodes : [])];
		const mask = masksOf({ nodes }, lab.runSpec.showSecrets ?? false).text;
		try {
			return await answer(lab, request, { ...asked, send: (event) => asked.send(shownEvent(event as RunEventBody, mask)) }, mask, end);
		} catch (error) {
			throw maskFailure(error, mask);
		}
	};
}

async function answer(lab: RunningLab, request: LabRequest, exchange: Exchange, mask: Mask, end: () => void): Promise<unknown> {
	const { lab: plan, accelerator, startedKey, trace, showSecrets } = lab.runSpec;
	const tests = plan.scenarios.flatMap((scenario) => scenario.tests);
	const names = tests.map((test) => test.name);
	switch (request.op) {
		case 'status':
			return statusOf(lab, names);
		case 'plan':
			return {
				...{ lab: plan, accelerator: accelerator.name, isCold: startedKey === undefined, trace, showSecrets: showSecrets ?? false },
				...(startedKey === undefined ? {} : { startedKey }),
				// One whose startup scripts have not ended came back from no change.
				ended: (await lab.status()).filter(({ stage, startup }) => stage === 'ended' || (lab.isReady && startup === undefined)).map(({ name }) => name),
			} satisfies CurrentLab;
		case 'down':
			// Once the answer is under way: it is the last message of this lab.
			setImmediate(end);
			return undefined;
		case 'exec':
			return runCommand(lab, request, mask, exchange.signal);
		case 'test':
			lab.changes.requireReady();
			checkTests(request.tests, names);
			return lab.changes.judge(() => {
				exchange.send(announcement(plan, tests.filter((test) => request.tests.length === 0 || request.tests.includes(test.name))));
				return lab.runScenario(exchange.send, { ...request, signal: exchange.signal });
			});
		default:
			return answerAboutNode(lab, request, exchange);
	}
}

async function runCommand(lab: RunningLab, request: Extract<LabRequest, { op: 'exec' }>, mask: Mask, signal: AbortSignal): Promise<CommandAnswer> {
	const { command, timeoutMs, maximumBytes } = request;
	const guest = lab.commandsOf(request.node);
	visit(lab, request.node);
	const { stdout, stderr, exitCode, ...ended } = await guest.run(command, { timeoutMs, signal });
	return {
		...{ stdout: endOf(shownText(stdout, mask), maximumBytes), stdoutBytes: Buffer.byteLength(stdout) },
		...{ stderr: endOf(shownText(stderr, mask), maximumBytes), stderrBytes: Buffer.byteLength(stderr) },
		...(exitCode === undefined ? {} : { exitCode }),
		...ended,
	};
}

const statusOf = async (lab: RunningLab, tests: readonly string[]): Promise<LabStatus> => washed({
	lab: lab.runSpec.lab.name,
	isReady: lab.isReady,
	nodes: await lab.status(),
	ports: servicePorts(lab.runSpec.lab),
	tests,
});

/** A node that somebody is let into: what he does there is in it from then on. */
function visit(lab: RunningLab, name: string): RunningNode {
	const node = lab.find(name);
	node.wasVisited = true;
	return node;
}

async function answerAboutNode(lab: RunningLab, request: LabRequest, { send, join, signal }: Exchange): Promise<unknown> {
	switch (request.op) {
		case 'dial':
			return join(await visit(lab, request.node).dial(request.port, signal));
		case 'shell':
			return join(await visit(lab, request.node).openShell(request.size, request.terminal));
		case 'resize':
			return lab.find(request.node).machine.agent.controlChannel.resize(request.size);
		case 'authorize':
			return visit(lab, request.node).authorize(request.user, request.publicKey, signal);
		case 'login':
			return checkLogin(lab.find(request.node).runSpec, lab.runSpec, { guests: (node) => lab.commandsOf(node), signal });
		case 'debug': {
			lab.changes.requireReady();
			const { startupScripts = [] } = lab.runSpec.lab.nodes.find(({ name }) => name === request.node) ?? {};
			scriptsToStep(lab.find(request.node).name, startupScripts, request.script);
			const [ours, theirs] = duplexPair();
			// Whoever asks may be gone before the lab has come to it.
			ours.on('error', () => undefined);
			lab.changes.debug(request.node, request.script, ours).catch(() => ours.destroy());
			return join(theirs);
		}
		case 'link':
			return lab.changes.change(request.node, (node) => {
				node.wasUnplugged ||= !lab.isReady;
				return node.setLink(request.link);
			});
		case 'pause':
		case 'resume':
			lab.changes.requireReady();
			return lab.changes.change(request.node, (node) => node.setPaused(request.op === 'pause'));
		case 'kill':
			lab.changes.requireReady();
			// For a machine that is dead already this throws.
			void lab.find(request.node).machine;
			return lab.changes.change(request.node, (node) => node.end());
		case 'restart':
			lab.changes.requireReady();
			return lab.changes.restart(request.node, send);
		case 'reset':
			lab.changes.requireReady();
			return lab.changes.reset(send);
		case 'replace':
			lab.changes.requireReady();
			await lab.changes.replace(request, send);
			return lab.checkpointsInUse;
		case 'save':
			lab.changes.requireReady();
			await keepJournals(lab, send, signal);
			return lab.saveForExport(request);
		default:
			throw usageFailure(`the lab knows no '${String(request.op)}'`);
	}
}

/** Those of machines that go on; a run that failed has kept its own, and these are newer. */
async function keepJournals(lab: RunningLab, emit: Emit, signal: AbortSignal): Promise<void> {
	const answering = (await lab.status()).filter(({ paused, uptimeMs }) => !paused && uptimeMs !== undefined);
	await saveJournals(answering.map(({ name }) => lab.find(name).machine), lab.runSpec, { emit, signal });
}

/** Of a run that is nothing but some tests. */
const announcement = ({ name: lab, planSha256 }: Lab, tests: readonly ScenarioTest[]): RunEventBody => ({
	type: 'run-started',
	...{ runId: '', lab, planSha256, runDirectory: '' },
	...{ nodes: [], warnings: [], tests: announceTests(tests) },
});

function checkTests(wanted: readonly string[], known: readonly string[]): void {
	const unknown = wanted.filter((test) => !known.includes(test));
	if (unknown.length === 0) return;
	throw usageFailure(`the scenario has no test ${unknown.map((test) => `'${test}'`).join(', ')}`, {
		hint: `its tests are ${known.map((test) => `'${test}'`).join(', ')}`,
	});
}
