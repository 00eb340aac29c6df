import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** A program of this package that another one starts, as `bin/lib/compile.sh` joins it. */
export const programFile = (program: 'lab-daemon' | 'supervisor'): string =>
	path.join(packageRoot(), 'dist', 'bin', `${program}.js`);

/**
 * The directory of this package, wherever it is installed: the nearest one above this file with a package.json.
 * Files that are not code (`images`, `cloud-init`) are found from it.
 */
export function packageRoot(): string {
	for (let directory = import.meta.dirname; ; directory = path.dirname(directory)) {
		if (existsSync(path.join(directory, 'package.json'))) return directory;
		if (directory === path.dirname(directory)) throw new Error('this package has no package.json above it');
	}
}

/** This tool's version, such as `0.1.0`. */
export const toolVersion = (): string =>
	(JSON.parse(readFileSync(path.join(packageRoot(), 'package.json'), 'utf8')) as { version: string }).version;
