import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** The path of a program of this package (`main` is the command line) that another program starts. `bin/lib/compile.sh` bundles it there. */
export const programFile = (program: 'main' | 'lab-daemon' | 'supervisor'): string =>
	path.join(packageRoot(), 'dist', 'bin', `${program}.js`);

/**
 * The root directory of this package: the nearest directory above this file that has a package.json. Paths to files that
 * are not code (`images`, `cloud-init`) start from it.
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
