/**
 * The protocol of a running lab's control socket, a Unix socket that takes one request per connection. The request is a
 * line of JSON. The answer is any number of lines with events, and a last line with the result. Some requests ask for a
 * stream: then the connection carries the stream's bytes, in both directions, behind the line with `ok`.
 */
import type { ReportedError } from '../base/errors.js';

/** A line of an answer. */
export type AnswerLine = { readonly event: unknown } | { readonly ok: unknown } | { readonly error: ReportedError };

/** Encodes a value as a line. */
export const encodeLine = (value: unknown): string => `${JSON.stringify(value)}\n`;

/** The maximum length of a request, in bytes. */
export const maximumLineBytes = 4 * 1024 * 1024;
