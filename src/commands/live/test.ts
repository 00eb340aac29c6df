import { ExitCode } from '../../base/errors.js';
import { formatMs } from '../../base/format.js';
import type { RunEvent, RunEventBody } from '../../lab/events.js';
import { emptyRun, foldEvent } from '../../outcome/fold.js';
import { exitCodeOf, resultJson, resultOf } from '../../outcome/result.js';
import { testSection } from '../../report/checks.js';
import { painter } from '../../report/text.js';
import { stopOnSignals } from '../stop.js';
import type { Terminal } from '../terminal.js';
import { askLab, resolveLab, type LiveOptions } from './resolve-lab.js';

export interface TestOptions extends LiveOptions {
	/** Names of tests. An empty list means the whole scenario. */
	readonly tests: readonly string[];
	/** How long an assertion is tried again, in milliseconds; 0 for one attempt. */
	readonly patienceMs: number;
	readonly json: boolean;
	readonly terminal: Pick<Terminal, 'stdout' | 'stdoutColor' | 'width'>;
}

/** `rehearse test`: runs the scenario, or some of its tests, against a running lab. The exit status is the verdict. */
export async function testCommand({ tests, patienceMs, json, terminal, ...options }: TestOptions): Promise<ExitCode> {
	const lab = await resolveLab(options);
	const stopping = stopOnSignals();
	const began = performance.now();
	let state = emptyRun();
	const take = (body: RunEventBody) => {
		const event: RunEvent = { at: Date.now(), ...body };
		state = foldEvent(state, event);
	};
	try {
		await askLab(lab, { op: 'test', tests, deadlineMs: patienceMs }, { signal: stopping.signal, onEvent: (event) => take(event as RunEventBody) });
	} finally {
		stopping.done();
	}
	take({ type: 'run-finished', ms: Math.round(performance.now() - began) });
	const result = resultOf(state);
	const { stdout, stdoutColor, width } = terminal;
	const paint = painter(stdoutColor);
	const verdict = paint(result.verdict === 'passed' ? 'green' : 'red', `${lab.name} ${result.verdict} in ${formatMs(result.ms)}`);
	stdout.write(json ? resultJson(result) : `${[...testSection(state, width, paint), '', verdict].join('\n')}\n`);
	return exitCodeOf(result) as ExitCode;
}
