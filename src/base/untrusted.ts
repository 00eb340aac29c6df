/** Type checks for JSON that somebody else wrote. */

/** Whether a value is a string. */
export const isText = (value: unknown): value is string => typeof value === 'string';

/** Whether a value is an integer from 0 to `Number.MAX_SAFE_INTEGER`. */
export const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

/** Whether a value is an object, and neither null nor an array. */
export const isRecord = (value: unknown): value is Record<string, unknown> =>
	typeof value === 'object' && value !== null && !Array.isArray(value);
