import type { Emit, StageName, Status } from './events.js';

/**
 * Runs a stage between its two events.
 * @param statusOf how the stage ended, by its value; a stage that rejects ended in an error
 */
export async function stage<T>(
	emit: Emit,
	name: StageName,
	body: () => Promise<T>,
	statusOf: (value: T) => Status = () => 'passed',
	node?: string,
): Promise<T> {
	const began = performance.now();
	const where = { stage: name, ...(node === undefined ? {} : { node }) };
	emit({ type: 'stage-started', ...where });
	const finish = (status: Status) =>
		emit({ type: 'stage-finished', ...where, status, ms: Math.round(performance.now() - began) });
	let value: T;
	try {
		value = await body();
	} catch (error) {
		finish('error');
		throw error;
	}
	finish(statusOf(value));
	return value;
}
