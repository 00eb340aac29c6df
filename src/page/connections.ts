/** What a run found out about the connections of a lab. */
import type { TopologyConnection } from '../lab/topology.js';
import { assertionStatus, type RunState } from '../outcome/state.js';
import type { AnyStatus } from '../report/text.js';
import { place } from './shown.js';

export interface ConnectionState {
	readonly connection: TopologyConnection;
	/** Undefined where no assertion looks at the connection. */
	readonly status: AnyStatus | undefined;
	/** As text. */
	readonly reported: string;
	/** The assertion that decides. */
	readonly href?: string;
}

/** The connections of a lab, each with the status of the worst assertion that looks at it. */
export function connectionStates({ topology, tests }: Pick<RunState, 'topology' | 'tests'>): readonly ConnectionState[] {
	return (topology?.connections ?? []).map((connection): ConnectionState => {
		const seen = connection.assertions.flatMap(({ test, index }) => {
			const assertion = tests[test]?.assertions[index];
			return assertion ? [{ status: assertionStatus(assertion), href: `#${place.assertion(test, index)}` }] : [];
		});
		const order = ['failed', 'error', 'not run', 'passed', 'not judged'] as const;
		const decisive = order.flatMap((status) => seen.find((one) => one.status === status) ?? [])[0];
		if (!decisive) return { connection, status: undefined, reported: 'no assertion looks at it' };
		const { status, href } = decisive;
		return { connection, status, reported: sentences[status], href };
	});
}

const sentences = {
	'failed': 'an assertion over it failed',
	'error': 'an assertion over it could not be judged',
	'not run': 'its assertion was not run',
	'passed': 'its assertions held',
	'not judged': 'no rehearsal can judge its assertion',
} as const;
