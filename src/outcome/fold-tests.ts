/** The part of the fold that is about tests. */
import type { AssertionOutcome, AssertionWait } from '../lab/events.js';
import type { AssertionRecord, TestRecord } from './state.js';

/** The tests with one more outcome, which was reported at `finishedAt`. */
export const withAssertion = (tests: readonly TestRecord[], outcome: AssertionOutcome, finishedAt: number): readonly TestRecord[] =>
	withRecord(tests, outcome, (announced) => ({ ...announced, outcome, finishedAt }));

/** The tests with an assertion that does not hold so far, which was reported at `at`. */
export const withWaiting = (tests: readonly TestRecord[], wait: AssertionWait, at: number): readonly TestRecord[] =>
	withRecord(tests, wait, (announced, before) => {
		const { attempts, message, leftMs } = wait;
		return before.outcome ? { ...announced, ...before } : { ...announced, waiting: { attempts, message, until: at + leftMs } };
	});

type Announced = Omit<AssertionRecord, 'outcome' | 'waiting' | 'finishedAt'>;

/**
 * The tests with another record of one assertion. Nothing stops a plan from having two tests of one name, so the news
 * goes to the first of them that still waits for an assertion of that index.
 */
function withRecord(
	tests: readonly TestRecord[],
	named: Pick<AssertionOutcome, 'test' | 'index' | 'assertion' | 'onVm'>,
	change: (announced: Announced, before: Partial<AssertionRecord>) => AssertionRecord,
): readonly TestRecord[] {
	const sameName = (test: TestRecord): boolean => test.name === named.test;
	const isUndecided = (test: TestRecord): boolean => {
		const assertion = test.assertions[named.index];
		return sameName(test) && assertion !== undefined && assertion.outcome === undefined;
	};
	const test: TestRecord = tests.find(isUndecided) ?? tests.findLast(sameName) ?? { name: named.test, assertions: [] };
	const before: AssertionRecord | undefined = test.assertions[named.index];
	const { outcome: _outcome, waiting: _waiting, ...announced } = before ?? { type: named.assertion, onVm: named.onVm, title: named.assertion };
	const assertions = [...test.assertions];
	assertions[Math.min(named.index, assertions.length)] = change(announced, before ?? {});
	return replacedOrAdded(tests, { ...test, assertions }, (old) => old === test);
}

/** A list in which an item replaces the one that is the same, or is added at the end. */
export function replacedOrAdded<T>(list: readonly T[], item: T, isSame: (old: T) => boolean): readonly T[] {
	const index = list.findIndex(isSame);
	return index === -1 ? [...list, item] : list.with(index, item);
}
