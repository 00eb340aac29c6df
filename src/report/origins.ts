/** How the machines of a run came up: booted, or restored from a checkpoint. */
import { formatMs } from '../base/format.js';
import type { CheckpointKind, Origin } from '../lab/events.js';
import { findStage, type NodeRecord, type RunState, type ScriptRecord, type StageRecord } from '../outcome/state.js';

/** The record of a node's machine coming up; one that could not be restored was booted. */
export const arrivalOf = (state: RunState, node: string): StageRecord | undefined =>
	findStage(state, 'boot', node) ?? findStage(state, 'restore', node);

/** `booted in 31.0 s`, `restore broken off after 1.2 s`. */
export function arrivalText(arrival: StageRecord, howItFailed: string): string {
	const isBoot = arrival.name === 'boot';
	if (arrival.status === 'passed') return `${isBoot ? 'booted' : 'restored'} in ${formatMs(arrival.ms)}`;
	return `${isBoot ? 'boot' : 'restore'} ${howItFailed} after ${formatMs(arrival.ms)}`;
}

/** No machine was restored. */
export const isCold = (state: RunState): boolean => state.nodes.every(({ origin }) => origin?.from !== 'checkpoint');

/** Whether the node was restored as its startup scripts had left it, so that none of them was to run. */
export const wasStarted = ({ origin }: Pick<NodeRecord, 'origin'>): boolean =>
	origin?.from === 'checkpoint' && origin.kind === 'started';

/** Whether the node was restored as somebody handed it over, whatever had become of it. */
export const wasHandedOver = ({ origin }: Pick<NodeRecord, 'origin'>): boolean =>
	origin?.from === 'checkpoint' && origin.kind === 'failed';

/** The startup scripts that a run has to run: all but those of nodes that were restored behind theirs. */
export const scriptsToRun = (state: RunState): readonly ScriptRecord[] =>
	state.nodes.filter((node) => !wasStarted(node)).flatMap((node) => node.scripts);

/** A sentence for each way in which nodes came up, such as `redis booted: packages changed`. */
export function originSentences(state: RunState): string[] {
	const bySentence = new Map<string, string[]>();
	for (const { name, origin } of state.nodes) {
		if (!origin) continue;
		const sentence = originWords(origin);
		bySentence.set(sentence, [...(bySentence.get(sentence) ?? []), name]);
	}
	return [...bySentence].map(([sentence, names]) =>
		names.length === state.nodes.length && names.length > 1 ? `all ${sentence}` : `${names.join(', ')} ${sentence}`,
	);
}

const stages: Readonly<Record<CheckpointKind, string>> = {
	provisioned: 'before their startup scripts',
	started: 'after their startup scripts',
	failed: 'when they were handed over',
};

function originWords(origin: Origin): string {
	if (origin.from === 'power-on') return `booted${origin.why === undefined ? '' : `: ${origin.why}`}`;
	return `restored as they were ${stages[origin.kind]}, saved ${timeText(origin.savedAt)}`;
}

/** `2026-11-23 04:12:33 UTC`. */
const timeText = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')} UTC`;

/** A node's origin in the result object. */
export type OriginResult =
	| { readonly from: 'checkpoint'; readonly kind: string; readonly saved_at: string }
	| { readonly from: 'power-on'; readonly why?: string };

/** The same for programs. */
export const originResult = (origin: Origin): OriginResult =>
	origin.from === 'power-on' ? origin : { from: origin.from, kind: origin.kind, saved_at: new Date(origin.savedAt).toISOString() };
