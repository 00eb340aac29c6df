/** What values of JSON are that somebody else wrote. */

/** Whether it is a string. */
export const isText = (value: unknown): value is string => typeof value === 'string';

/** Whether it is a whole number from 0 on that a number holds exactly. */
export const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

/** Whether it is an object with keys. */
export const isRecord = (value: unknown): value is Record<string, unknown> =>
	typeof value === 'object' && value !== null && !Array.isArray(value);
