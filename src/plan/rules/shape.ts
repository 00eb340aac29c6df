/** Problems of a plan's shape, which reading it has found, as findings. */
import type { PlanSource, Problem, ProblemCode } from '../types.js';
import type { Finding } from './context.js';
import { ruleOf, type RuleId } from './table.js';

const ruleOfProblem = {
	'schema': 'plan-schema',
	'missing-key': 'missing-key',
	'unknown-key': 'unknown-key',
	'duplicate-key': 'duplicate-key',
	'script-file': 'script-missing-file',
} as const satisfies Record<ProblemCode, RuleId>;

/** Places that hold sizes, in any spelling. */
const sizePath = /^nodes\[\d+\]\.(?:memory(?:_?mb)?|disk(?:_?size_?gb)?)$/i;

/** One finding for each problem of a plan's shape. */
export const shapeFindings = (source: PlanSource): Finding[] =>
	source.problems.map((problem) => toFinding(source, problem));

function toFinding(source: PlanSource, problem: Problem): Finding {
	const isSize = problem.code === 'schema' && sizePath.test(problem.path);
	const rule = isSize ? 'size-invalid' : ruleOfProblem[problem.code];
	return {
		rule,
		severity: ruleOf(rule).severity,
		path: problem.path === '' ? '(plan)' : problem.path,
		file: source.path,
		...(problem.line === undefined ? {} : { line: problem.line }),
		message: problem.message,
		fix: problem.fix,
	};
}
