/** What `rehearse check` finds, for everybody who shows it. */
import { maskOf, noMask, type Mask } from '../base/secrets.js';
import { washed, washedText } from '../base/wash.js';
import { readGuestDefinition, type GuestDefinition } from '../image/guest.js';
import type { LeftOut, Waived } from '../lab/lab.js';
import { checkPlan, waivedOf, type Finding } from '../plan/check.js';
import { leftOutOf } from '../plan/left-out.js';
import { passwordsIn, readPlan, readPlanAlone } from '../plan/read.js';
import type { PlanSource } from '../plan/types.js';

export interface CheckedPlan {
	readonly source: PlanSource;
	readonly guest: GuestDefinition;
	/** All of them. Washed, but not masked; so are the next. */
	readonly findings: readonly Finding[];
	/** Those that the plan's author has not waived. */
	readonly shown: readonly Finding[];
	/** Those that the plan's author has waived. */
	readonly waived: readonly Waived[];
	/** What a rehearsal does without; none is known of a plan whose shape is wrong. Washed, but not masked. */
	readonly leftOut: readonly LeftOut[];
	/** Takes the passwords that the plan declares out of what is shown of it. */
	readonly mask: Mask;
}

/** Reads and checks the plan at a path. @throws Failure `usage` for one that cannot be read or is neither JSON nor YAML */
export async function readAndCheck(plan: string): Promise<CheckedPlan> {
	const [source, guest] = await Promise.all([readPlan(plan), readGuestDefinition()]);
	const { document } = source;
	const findings = washed(checkPlan(source, guest.features));
	return {
		...{ source, guest, findings },
		shown: findings.filter(({ waived }) => waived === undefined),
		waived: waivedOf(findings),
		leftOut: document ? washed(leftOutOf(source, document, guest.features, guest.base)) : [],
		mask: maskOf(document ? passwordsIn(document) : []),
	};
}

/** What takes the passwords out of texts that the plan at a path declares; nothing is taken out where it cannot be read any more. */
export const maskOfPlan = (plan: string): Promise<Mask> =>
	readPlanAlone(plan).then(({ document }) => (document ? maskOf(passwordsIn(document)) : noMask), () => noMask);

/** The object of `rehearse check --json`. */
export const checkResult = ({ source, shown, leftOut, waived }: CheckedPlan) => ({ schema: 1 as const, plan: washedText(source.path), findings: shown, left_out: leftOut, waived });
