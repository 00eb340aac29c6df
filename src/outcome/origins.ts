/** Where the machines of a run came from: booted, or restored from a checkpoint. */
import { wasStarted, type Origin } from '../lab/events.js';
import { findStage, type RunState, type ScriptRecord, type StageRecord } from './state.js';

/** The record of a node's machine coming up; one that could not be restored was booted. */
export const startStageOf = (state: RunState, node: string): StageRecord | undefined =>
	findStage(state, 'boot', node) ?? findStage(state, 'restore', node);

/** Whether every machine was booted, from its image or its ISO. Logs of older versions have no origins. */
export const isCold = (state: RunState): boolean =>
	state.nodes.every(({ name, origin }) => (origin ? origin.from !== 'checkpoint' : findStage(state, 'boot', name) !== undefined));

/** The startup scripts that a run has to run: all but those of nodes that were restored behind theirs. */
export const scriptsToRun = (state: RunState): readonly ScriptRecord[] =>
	state.nodes.filter((node) => !wasStarted(node)).flatMap((node) => node.scripts);

/** A node's origin in the result object. */
export type OriginResult =
	| { readonly from: 'checkpoint'; readonly kind: string; readonly saved_at: string }
	| Extract<Origin, { readonly from: 'iso' | 'power-on' }>;

/** The same for programs. */
export const originResult = (origin: Origin): OriginResult =>
	origin.from !== 'checkpoint' ? origin : { from: origin.from, kind: origin.kind, saved_at: new Date(origin.savedAt).toISOString() };
