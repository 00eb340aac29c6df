import { usageFailure } from './errors.js';

const most = 100;

/**
 * How many times longer than usual this host may take, by REHEARSE_PATIENCE: 1 unless that is set. Deadlines are scaled by
 * what was measured of guests; this is for hosts for which that is not enough, such as one that is emulated itself.
 * @throws Failure (usage) for what is no number from 1 to 100
 */
export function patience(environment: NodeJS.ProcessEnv = process.env): number {
	const text = environment['REHEARSE_PATIENCE'] ?? '';
	if (text === '') return 1;
	const times = Number(text);
	if (times >= 1 && times <= most) return times;
	throw usageFailure(`REHEARSE_PATIENCE=${text}: expected a number from 1 to ${most}`);
}

/** A wait of so many milliseconds as long as this host may take for it. */
export const patiently = (ms: number): number => ms * patience();
