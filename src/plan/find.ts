/** From what a person types as LAB to the path of a plan. */
import { existsSync, readdirSync, realpathSync, statSync, type Stats } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { reasonOf, usageFailure } from '../base/errors.js';
import { packageRoot } from '../base/package-root.js';

/** Where the bundled labs are: `cloud-init/labs` of this package. */
export const bundledLabsDirectory = (): string => join(packageRoot(), 'cloud-init', 'labs');

/** The names by which a plan is found in a directory, which has one of them. */
export const planFiles = ['plan.json', 'plan.yaml', 'plan.yml'];

/** The names of the bundled labs, sorted. */
export const bundledLabs = (): string[] =>
	readdirSync(bundledLabsDirectory())
		.filter((name) => plansIn(join(bundledLabsDirectory(), name)).length > 0)
		.sort();

/**
 * The absolute path of the plan that `lab` means: the name of a bundled lab, a directory with a plan in it, or a plan
 * file (both relative to `cwd`). A bundled name wins; a directory of the same name is reached as `./name`.
 * `Failure` (usage) when it is none of them.
 */
export function findPlan(lab: string, cwd: string = process.cwd()): string {
	const bundled = bundledLabs();
	if (bundled.includes(lab)) return requirePlan(join(bundledLabsDirectory(), lab));
	const path = resolve(cwd, lab);
	const kind = look(path);
	if (kind?.isDirectory()) return requirePlan(path);
	if (kind) return path;
	throw usageFailure(`no lab "${lab}": it is neither a bundled lab nor a file or directory`, {
		hint: `bundled labs: ${bundled.join(', ')}; or give the path of a plan`,
	});
}

/** What is at a path, if anything. @throws Failure `usage` where this user may not look */
function look(path: string): Stats | undefined {
	try {
		return statSync(path);
	} catch (error) {
		// `throwIfNoEntry: false` is about ENOENT up to Node 20, about ENOTDIR as well since.
		if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
		throw usageFailure(`cannot look at ${path}: ${reasonOf(error)}`, { cause: error });
	}
}

function requirePlan(directory: string): string {
	const [plan, ...others] = plansIn(directory);
	if (others.length > 0) {
		const names = [plan, ...others].map((path) => basename(path ?? ''));
		throw usageFailure(`${names.length} plans in ${directory}: ${names.join(', ')}`, { hint: 'give the path of the one that is meant' });
	}
	if (plan === undefined) throw usageFailure(`no plan in ${directory}`, { hint: `expected one of ${planFiles.join(', ')}` });
	// Whoever wrote the lab may have put a FIFO there, which is never written to, or a link to a file of this user's.
	if (!look(plan)?.isFile() || dirname(realpathSync(plan)) !== realpathSync(directory)) {
		throw usageFailure(`${plan} is no regular file of its directory`, { hint: 'give the path of the file itself, if it is the plan' });
	}
	return plan;
}

const plansIn = (directory: string): string[] => planFiles.map((name) => join(directory, name)).filter((path) => existsSync(path));
