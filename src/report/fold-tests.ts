/** The part of the fold that is about tests. */
import type { AssertionOutcome } from '../lab/events.js';
import type { AssertionRecord, TestRecord } from './state.js';

/**
 * The tests with one more outcome. Nothing stops a plan from having two tests of one name, so the outcome goes to the
 * first of them that still waits for an assertion of that index.
 */
export function withAssertion(tests: readonly TestRecord[], outcome: AssertionOutcome): readonly TestRecord[] {
	const sameName = (test: TestRecord): boolean => test.name === outcome.test;
	const waiting = (test: TestRecord): boolean => {
		const assertion = test.assertions[outcome.index];
		return sameName(test) && assertion !== undefined && assertion.outcome === undefined;
	};
	const test: TestRecord = tests.find(waiting) ?? tests.findLast(sameName) ?? { name: outcome.test, assertions: [] };
	const announced: Omit<AssertionRecord, 'outcome'> = test.assertions[outcome.index] ?? {
		type: outcome.assertion,
		onVm: outcome.onVm,
		title: outcome.assertion,
	};
	const assertions = [...test.assertions];
	assertions[Math.min(outcome.index, assertions.length)] = { ...announced, outcome };
	return replacedOrAdded(tests, { ...test, assertions }, (old) => old === test);
}

/** A list with an item in the place of the same one, or at its end. */
export function replacedOrAdded<T>(list: readonly T[], item: T, isSame: (old: T) => boolean): readonly T[] {
	const index = list.findIndex(isSame);
	return index === -1 ? [...list, item] : list.with(index, item);
}
