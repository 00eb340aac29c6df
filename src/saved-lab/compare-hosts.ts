/** Decides whether machines that were saved on one host can be restored on another. Pure. */
import { withoutControls } from '../base/format.js';
import { changesBetween } from '../checkpoint/fingerprint.js';
import type { Fingerprint } from '../checkpoint/manifest.js';

/** The differences between two hosts that matter to a saved machine. */
export interface HostDifference {
	/** The reasons why it cannot be restored, one sentence each. */
	readonly hindrances: readonly string[];
	/**
	 * Whether it can be restored, but its clock will run at another rate: an emulated time stamp counter follows the
	 * host's.
	 */
	readonly hasOtherPace: boolean;
}

/**
 * Compares the host that a machine was saved on with the host that it is restored on.
 * @param then the machine's fingerprint where it was saved (../machine/fingerprint)
 * @param now its fingerprint on this host
 */
export function compareHosts(then: Fingerprint, now: Fingerprint, isEmulated: boolean): HostDifference {
	const [before, here] = [relevant(then, isEmulated), relevant(now, isEmulated)];
	const hindrances = changesBetween(before, here).map((name) => `its ${name} is ${short(now[name])}, that of the lab was ${short(then[name])}`);
	return { hindrances, hasOtherPace: hindrances.length === 0 && isEmulated && then['processor'] !== now['processor'] };
}

/**
 * Reduces a fingerprint to what matters for a restore. QEMU's stable updates keep the machine types of their release
 * (docs/system/i386/pc). An emulated processor has the same features on every host.
 */
const relevant = (fingerprint: Fingerprint, isEmulated: boolean): Fingerprint => ({
	...fingerprint,
	QEMU: /\bversion (\d+\.\d+)/.exec(fingerprint['QEMU'] ?? '')?.[1] ?? '',
	...(isEmulated ? { processor: fingerprint['processor']?.replace(/ on .*/, '') ?? '' } : {}),
});

/** Shortens a stranger's text to what can be shown. */
const short = (text = 'nothing'): string => withoutControls(text).slice(0, 100);
