/** What failed in a run, a sentence each. */
import { failedCommandText } from '../outcome/failed-place.js';
import { oneLine } from '../base/format.js';
import { allScripts, type RunState } from '../outcome/state.js';
import { scriptFailure } from './checks.js';
import { errorSentence } from './closing.js';

/** `web: startup script web failed with exit status 1 after 4.2 s, line 7: …`; scripts, then assertions, then what broke. */
export function failureSentences(state: RunState): string[] {
	const scripts = allScripts(state).flatMap(({ outcome }) => {
		if (!outcome || outcome.status === 'passed') return [];
		const line = outcome.failedLine === undefined ? '' : `, line ${outcome.failedLine}`;
		const detail = failedCommandText(outcome);
		const command = detail === undefined ? '' : `: ${detail}`;
		const reasons = (outcome.reasons ?? []).map((reason) => `; ${oneLine(reason)}`).join('');
		return [`${outcome.node}: startup script ${outcome.script} ${scriptFailure(outcome)}${line}${command}${reasons}`];
	});
	const assertions = state.tests.flatMap(({ name, assertions: all }) =>
		all.flatMap(({ onVm, title, outcome }) =>
			!outcome || outcome.status === 'passed'
				? []
				: [`${name} › ${onVm}: ${oneLine(title)}${outcome.message === undefined ? '' : `: ${oneLine(outcome.message)}`}`],
		),
	);
	const logins = state.nodes.flatMap(({ name, login }) =>
		login?.status === 'failed' ? [`${name}: SSH as ${login.username}: ${oneLine(login.message ?? '')}`] : [],
	);
	const ends = state.nodes.flatMap(({ name, end }) => (end ? [`${name}: ${oneLine(end.message)}`] : []));
	return [...scripts, ...ends, ...logins, ...assertions, ...state.errors.map(errorSentence)];
}
