/** What something takes of a processor, told apart from how fast the machine is and what else it does. */

const text = 'a text of some words, 12 numbers: and \x1b[1m marks\n'.repeat(4000);

/** Work of the kind that is measured: a text taken apart, and gone through. */
function takeApart(): number {
	const words = new Map<string, number>();
	for (const [word] of text.matchAll(/[a-z]+|\d+/g)) words.set(word, (words.get(word) ?? 0) + 1);
	let sum = words.size;
	for (let at = 0; at < text.length; at++) sum = (sum * 31 + text.charCodeAt(at)) | 0;
	return sum;
}

/** What that takes, in milliseconds, on the machine whose milliseconds limits are given in. */
const usualMs = 7;

const cpuMs = async (work: () => unknown): Promise<number> => {
	const began = process.cpuUsage();
	await work();
	const { user, system } = process.cpuUsage(began);
	return (user + system) / 1000;
};

/** The least of some: other work on the machine only ever adds to it. */
async function least(count: number, measure: () => Promise<number>): Promise<number> {
	const took: number[] = [];
	while (took.length < count) took.push(await measure());
	return Math.min(...took);
}

/** How many times slower than the usual machine this one is now; 1 where it is faster. */
const slowness = async (): Promise<number> => Math.max(1, (await least(5, () => cpuMs(takeApart))) / usualMs);

/**
 * Milliseconds of a processor, user and system, that something takes on a usual machine. What this machine takes
 * too long for is measured again, up to three times; its milliseconds count less if it is slow now. Ten times too long is too long anywhere.
 *
 * @param measure takes it once; milliseconds of this machine
 */
export async function usualCpuMsOf(limitMs: number, measure: () => Promise<number>): Promise<number> {
	let took = await measure();
	for (let count = 1; count <= 3 && took >= limitMs && took < 10 * limitMs; count++) {
		const before = await slowness();
		const ms = await measure();
		took = Math.min(took, ms / ((before + (await slowness())) / 2));
	}
	return took;
}

/** The same of work in this process. */
export const usualCpuMs = (limitMs: number, work: () => unknown): Promise<number> => usualCpuMsOf(limitMs, () => cpuMs(work));
