/**
 * How a program asks something of a lab that runs: over a Unix socket, one question a connection. The question is a
 * line of JSON, the answer any number of lines with events and one that ends it. Some questions ask for a stream: behind
 * the line that says `ok` the connection carries the stream's bytes, both ways.
 */
import type { ReportedError } from '../base/errors.js';

/** A line of an answer. */
export type AnswerLine = { readonly event: unknown } | { readonly ok: unknown } | { readonly error: ReportedError };

/** A line as it is sent. */
export const encodeLine = (value: unknown): string => `${JSON.stringify(value)}\n`;

/** How long a question may be, in bytes; what is longer is none of ours. */
export const maximumLineBytes = 4 * 1024 * 1024;
