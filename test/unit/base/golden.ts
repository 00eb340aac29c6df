/** Golden files: what a pure builder gives, written out to be read. */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { ExecutionContext } from 'ava';
import { packageRoot } from '../../../src/base/package-root.js';

/**
 * Compares with a golden file, whose path is relative to `test/unit`; `UPDATE_GOLDEN=1` writes it instead, to be read
 * before it is committed. In it `{root}` stands for the directory of this package.
 */
export function matchesGolden(t: ExecutionContext, file: string, actual: string): void {
	// ava runs with the repository's root as the working directory, and the compiled tests lie elsewhere.
	const golden = path.join(process.cwd(), 'test', 'unit', file);
	const text = actual.replaceAll(packageRoot(), '{root}');
	if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(golden, text);
	t.is(text, readFileSync(golden, 'utf8'), `${file} differs; UPDATE_GOLDEN=1 rewrites it`);
}

/** A command's arguments as a golden file has them: one a line. */
export const argumentLines = (argv: readonly string[]): string => argv.map((word) => `${word}\n`).join('');
