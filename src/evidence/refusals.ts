/** Why a run is no evidence. Only a passed run is, without checkpoints and with all scripts, of the plan as it is now. */
import { verdictOf } from '../outcome/result.js';
import { allAssertions, assertionStatus, type RunState } from '../outcome/state.js';

/** The reasons, a sentence each; none for a run that may be exported. */
export function runRefusals(state: RunState): string[] {
	const verdict = verdictOf(state);
	const warm = warmNodes(state);
	const missing = state.nodes.flatMap(({ scripts }) => scripts).filter(({ outcome }) => outcome === undefined).length;
	return [
		...(verdict === 'passed' ? [] : [`it has not passed: its verdict is "${verdict}"`]),
		...(state.finishedMs === undefined ? ['its event log ends before the run did'] : []),
		...(warm.length === 0 ? [] : [`it was not cold: ${warm.join(', ')} came from a checkpoint`]),
		...(missing === 0 ? [] : [`it was not whole: ${missing} of its startup scripts did not run`]),
		...(allAssertions(state).some((assertion) => assertionStatus(assertion) === 'passed') ? [] : ['it had no assertion that held']),
		...(state.planPath === '' ? ['its log is that of an older version, which does not have the path of the plan'] : []),
	];
}

const warmNodes = ({ nodes }: RunState): string[] => nodes.filter(({ origin }) => origin?.from === 'checkpoint').map(({ name }) => name);
