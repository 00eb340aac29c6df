/** Whether machines that were saved on one host can go on on another. Pure. */
import { withoutControls } from '../base/format.js';
import { changesBetween } from '../checkpoint/fingerprint.js';
import type { Fingerprint } from '../checkpoint/manifest.js';

/** How two hosts differ, as far as a saved machine is concerned. */
export interface HostDifference {
	/** What keeps it from going on, a sentence each. */
	readonly hindrances: readonly string[];
	/** It goes on, and its clock at another pace: an emulated time stamp counter is the host's. */
	readonly hasOtherPace: boolean;
}

/** @param then what a machine depended on (../machine/fingerprint) where it was saved, and `now`, where it is to go on */
export function compareHosts(then: Fingerprint, now: Fingerprint, isEmulated: boolean): HostDifference {
	const [before, here] = [relevant(then, isEmulated), relevant(now, isEmulated)];
	const hindrances = changesBetween(before, here).map((name) => `its ${name} is ${short(now[name])}, that of the lab was ${short(then[name])}`);
	return { hindrances, hasOtherPace: hindrances.length === 0 && isEmulated && then['processor'] !== now['processor'] };
}

/**
 * QEMU's machine types are those of its release, and its stable updates keep them (docs/system/i386/pc). An emulated
 * processor has the same features on every host.
 */
const relevant = (fingerprint: Fingerprint, isEmulated: boolean): Fingerprint => ({
	...fingerprint,
	QEMU: /\bversion (\d+\.\d+)/.exec(fingerprint['QEMU'] ?? '')?.[1] ?? '',
	...(isEmulated ? { processor: fingerprint['processor']?.replace(/ on .*/, '') ?? '' } : {}),
});

/** As far as a stranger's words are to be shown. */
const short = (text = 'nothing'): string => withoutControls(text).slice(0, 100);
