/** Event logs of runs of the bundled lab, as a rehearsal writes them, with a trace for every line that is a command. */
import path from 'node:path';
import { readGuestDefinition } from '../../../src/image/guest.js';
import type { Origin, RunEvent, RunEventBody, ScriptOutcome } from '../../../src/lab/events.js';
import type { Lab } from '../../../src/lab/lab.js';
import { scriptSources } from '../../../src/lab/script-source.js';
import { topologyOf } from '../../../src/lab/topology.js';
import type { TraceStep } from '../../../src/lab/trace.js';
import { findPlan } from '../../../src/plan/find.js';
import { readPlan } from '../../../src/plan/read.js';
import { resolveLab } from '../../../src/plan/resolve.js';
import { announceTests } from '../../../src/scenario/checks.js';

/** A time at which a run may begin. */
const epoch = Date.UTC(2026, 0, 1);

/** The bundled lab. */
export const bundledLab = async (): Promise<Lab> => resolveLab(await readPlan(findPlan('immich-photo-vault')), await readGuestDefinition());

/** What of a run is to be otherwise than good. */
export interface Faults {
	/** The node whose script fails, at which line, and with what output. */
	readonly fails?: { readonly node: string; readonly line: number; readonly output: string };
	/** What every script writes. */
	readonly output?: string;
	/** Machines are restored instead of booted. */
	readonly isWarm?: boolean;
	/** The one node whose startup scripts run (`--only`); the others are restored as theirs had left them. */
	readonly only?: string;
	/** SHA-256 of the ISO that each of some nodes boots instead of its image. */
	readonly isos?: Readonly<Record<string, string>>;
	readonly runDirectory?: string;
}

/** The events of a rehearsal of a lab. */
export function eventsOf(lab: Lab, { fails, output = '', isWarm = false, only, isos = {}, runDirectory = '/runs/r1' }: Faults = {}): RunEvent[] {
	const events: RunEvent[] = [];
	let at = epoch;
	const emit = (body: RunEventBody, afterMs = 0) => void events.push({ at: (at += afterMs), ...body });
	const tests = lab.scenarios.flatMap((scenario) => announceTests(scenario.tests));
	emit({
		type: 'run-started',
		...{ runId: path.basename(runDirectory), lab: lab.name, labArgument: lab.name, planSha256: lab.planSha256, runDirectory },
		...{ nodes: lab.nodes.map(({ name, startupScripts }) => ({ name, scripts: startupScripts.map((script) => script.name) })), tests },
		...{ warnings: lab.warnings, planPath: lab.planPath, topology: topologyOf(lab), sources: scriptSources(lab) },
	});
	emit({ type: 'accelerator', name: 'tcg', reason: '/dev/kvm is not there' }, 10);
	for (const { name: node } of lab.nodes) {
		const kind = only === undefined || only === node ? 'provisioned' : 'started';
		const cold: Origin = isos[node] === undefined ? { from: 'power-on' } : { from: 'iso', sha256: isos[node], firmware: 'bios' };
		emit({ type: 'origin', node, origin: isWarm || only !== undefined ? { from: 'checkpoint', kind, savedAt: epoch } : cold });
		emit({ type: 'stage-started', stage: 'boot', node });
	}
	for (const { name: node } of lab.nodes) emit({ type: 'stage-finished', stage: 'boot', node, status: 'passed', ms: 30_000 }, 7_000);
	for (const node of lab.nodes.filter(({ name }) => only === undefined || name === only)) {
		for (const script of node.startupScripts) {
			emit({ type: 'script-started', node: node.name, script: script.name }, 100);
			const began = at;
			const outcome = outcomeOf(node.name, script, began, fails?.node === node.name ? fails : undefined, output);
			emit({ type: 'script-finished', ...outcome }, outcome.ms);
		}
	}
	emit({ type: 'stage-started', stage: 'scenario' }, 10);
	for (const test of tests) {
		for (const [index, { onVm, title }] of test.assertions.entries()) {
			const isBad = fails?.node === onVm;
			const reported = isBad ? { message: `expected it of ${onVm}\nsaw nothing`, output: fails.output } : {};
			const where = { test: test.name, index, assertion: title, onVm, attempts: isBad ? 7 : 1 };
			emit({ type: 'assertion-finished', ...where, status: isBad ? 'failed' : 'passed', ms: 300, ...reported }, 400);
		}
	}
	emit({ type: 'stage-finished', stage: 'scenario', status: fails ? 'failed' : 'passed', ms: at - epoch }, 10);
	emit({ type: 'run-finished', ms: at - epoch }, 500);
	return events;
}

function outcomeOf(node: string, script: Lab['nodes'][number]['startupScripts'][number], began: number, fails: Faults['fails'], output: string): ScriptOutcome {
	const lines = script.text.split('\n').slice(0, fails?.line);
	const steps = lines.flatMap((text, index): TraceStep[] => {
		const line = index + 1;
		if (!/^[a-z]/.test(text)) return [];
		const step = { line, command: text, depth: 0, at: began + index * 20, ms: 15, status: 0, output: index % 9 === 0 ? output : '' };
		return [line === fails?.line ? { ...step, status: 1, fate: 'failing', output: fails.output } : step];
	});
	const failedCommand = lines.at(-1) ?? '';
	const ms = lines.length * 20;
	return {
		...{ node, script: script.name, ms, output: fails ? fails.output : output, trace: { shell: 'bash', steps } },
		...(fails ? { status: 'failed', exitCode: 1, failedLine: fails.line, failedCommand } : { status: 'passed', exitCode: 0 }),
	};
}

/** What a guest writes that means harm to whoever shows it. */
export const hostileOutput = [
	'<script>globalThis.owned = true; document.title = "owned"</script>',
	'</pre></template></textarea></style></title><img src="https://evil.example/x.png" onerror="globalThis.owned = true">',
	'"><svg onload="globalThis.owned = true"></svg> &lt;b&gt; javascript:alert(1)',
	'\x1b[31mred\x1b[0m \x1b]8;;https://evil.example/\x07link\x1b]8;;\x07 \x00 \x07 \u202eevil\u202c \u2066 \ud800 \uffff',
	'::error file=x::owned\r::set-output name=x::y\n  ::add-path::/evil\n##[error]owned',
	'```\n| a | b |\n# heading\n[link](https://evil.example/) <b>bold</b>',
	'm'.repeat(1 << 20),
].join('\n');
