/** Bounds an answer to a client: what a model reads costs it its memory, and a guest can write any amount. */
import { endOf, truncated } from '../base/format.js';
import type { RunResult } from '../outcome/result.js';

/** The longest answer of a tool, in bytes of its JSON. */
export const maximumAnswerBytes = 20_000;

/** The longest part of an answer that has other parts too, in bytes of its JSON. */
export const partBytes = 14_000;

/** The length of a value in JSON, in bytes of UTF-8. */
export const jsonBytes = (value: unknown): number => Buffer.byteLength(JSON.stringify(value) ?? '');

/** The first items of a list that fit, and how many are left out. */
export function fitList<T>(items: readonly T[], bytes: number = partBytes): { readonly fitting: readonly T[]; readonly omitted: number } {
	let left = bytes;
	const end = items.findIndex((item) => (left -= jsonBytes(item) + 1) < 0);
	const fitting = end < 0 ? items : items.slice(0, end);
	return { fitting, omitted: items.length - fitting.length };
}

/** The end of a text, so long that its JSON fits: there a line end takes two bytes. */
export function fitEnd(text: string, bytes: number): string {
	let end = endOf(text, bytes);
	while (jsonBytes(end) > bytes) end = endOf(end, Math.floor(Buffer.byteLength(end) * Math.min(0.9, bytes / jsonBytes(end))));
	return end;
}

/** Every text in a value, cut to `characters`. */
export function cutTexts<T>(value: T, characters: number): T {
	if (typeof value === 'string') return truncated(value, characters) as T;
	if (Array.isArray(value)) return value.map((item: unknown) => cutTexts(item, characters)) as T;
	if (value === null || typeof value !== 'object') return value;
	return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, cutTexts(inner as unknown, characters)])) as T;
}

/** Longest texts, in characters, of a result that is cut, and how many items of each list it has then. */
const cuts = [
	{ characters: 400, items: 40 },
	{ characters: 200, items: 15 },
	{ characters: 80, items: 6 },
	{ characters: 40, items: 2 },
] as const;

/**
 * A result that fits: as it is, or without stages and without what passed, or with shorter texts and lists as well.
 * `isCut`: whether something is missing.
 */
export function fitResult(result: RunResult, bytes: number = partBytes): { readonly result: RunResult; readonly isCut: boolean } {
	if (jsonBytes(result) <= bytes) return { result, isCut: false };
		const failing = withoutPassed(result);
		if (jsonBytes(failing) <= bytes) return { result: failing, isCut: true };
		const shorter = cuts.map(({ characters, items }) => cutTexts(cutLists(failing, items), characters));
	return { result: shorter.find((one) => jsonBytes(one) <= bytes) ?? bare(result), isCut: true };
}

const withoutPassed = (result: RunResult): RunResult => ({
	...result,
	stages: [],
	nodes: result.nodes.filter(({ status, startup }) => status !== 'passed' || startup.some(({ swallowed }) => swallowed)),
	tests: result.tests
		.filter(({ status }) => status !== 'passed')
		.map((test) => ({ ...test, assertions: test.assertions.filter(({ status }) => status !== 'passed') })),
});

/** Every list in a value, cut to so many items. */
function cutLists<T>(value: T, items: number): T {
	if (Array.isArray(value)) return value.slice(0, items).map((item: unknown) => cutLists(item, items)) as T;
	if (value === null || typeof value !== 'object') return value;
	return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, cutLists(inner as unknown, items)])) as T;
}

/** No more than the verdict. */
const bare = ({ schema, lab, plan_sha256, verdict, accelerator, cold, ms, error }: RunResult): RunResult =>
	cutTexts(
		{ schema, lab, plan_sha256, verdict, accelerator, cold, ms, stages: [], nodes: [], tests: [], warnings: [], left_out: [], ...(error ? { error } : {}) },
		500,
	);
