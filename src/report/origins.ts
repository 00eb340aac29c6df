/** How the machines of a run came up: booted, or restored from a checkpoint. */
import { formatMs } from '../base/format.js';
import type { CheckpointKind, Origin } from '../lab/events.js';
import type { RunState, StageRecord } from '../outcome/state.js';

/** `booted in 31.0 s`, `restore broken off after 1.2 s`. */
export function startStageText(startStage: StageRecord, howItFailed: string): string {
	const isBoot = startStage.name === 'boot';
	if (startStage.status === 'passed') return `${isBoot ? 'booted' : 'restored'} in ${formatMs(startStage.ms)}`;
	return `${isBoot ? 'boot' : 'restore'} ${howItFailed} after ${formatMs(startStage.ms)}`;
}

/** A sentence for each way in which nodes came up, such as `redis booted: packages changed`. */
export function originSentences(state: RunState): string[] {
	const bySentence = new Map<string, string[]>();
	for (const { name, origin } of state.nodes) {
		if (!origin) continue;
		const sentence = originText(origin);
		bySentence.set(sentence, [...(bySentence.get(sentence) ?? []), name]);
	}
	return [...bySentence].map(([sentence, names]) =>
		names.length === state.nodes.length && names.length > 1 ? `all ${sentence}` : `${names.join(', ')} ${sentence}`,
	);
}

const stages: Readonly<Record<CheckpointKind, string>> = {
	provisioned: 'before their startup scripts',
	started: 'after their startup scripts',
	failed: 'when they were exported',
};

function originText(origin: Origin): string {
	if (origin.from === 'iso') {
		return `booted from ISO under ${origin.firmware === 'uefi' ? 'UEFI' : 'BIOS'}${origin.persistence ? ', with persistence' : ''}`;
	}
	if (origin.from === 'power-on') return `booted${origin.why === undefined ? '' : `: ${origin.why}`}`;
	return `restored as they were ${stages[origin.kind]}, saved ${timeText(origin.savedAt)}`;
}

/** `2026-11-23 04:12:33 UTC`. */
export const timeText = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
