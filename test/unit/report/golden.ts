import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';

import type { ExecutionContext } from 'ava';

import type { RunEvent } from '../../../src/lab/events.js';

// ava runs with the repository's root as the working directory, and the compiled tests lie elsewhere.
const directory = join(process.cwd(), 'test/unit/report/golden');

/** The event logs that have expected reports beside them. */
export const logNames = [
	'passed',
	'script-failed',
	'assertion-failed',
	'machine-panicked',
	'interrupted',
	'detached',
	'robustness',
	'outbound',
] as const;

export type LogName = (typeof logNames)[number];

export const readLog = (name: LogName): RunEvent[] =>
	readFileSync(join(directory, `${name}.ndjson`), 'utf8')
		.trimEnd()
		.split('\n')
		.map((line) => JSON.parse(line) as RunEvent);

/** Compares with the golden file of that name; `UPDATE_GOLDEN=1` writes it instead, to be read before it is committed. */
export function matchesGolden(t: ExecutionContext, file: string, actual: string): void {
	const path = join(directory, file);
	if (process.env['UPDATE_GOLDEN'] === '1') {
		writeFileSync(path, actual);
		t.pass();
		return;
	}
	t.is(actual, readFileSync(path, 'utf8'), `${file} differs; UPDATE_GOLDEN=1 rewrites it`);
}
