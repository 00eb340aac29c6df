/** Which kills there are: a list for each kind of work, which the seed alone decides. */
import { Random } from './random.js';

/** Whom a blow hits, with what and when. */
export interface Blow {
	readonly victim: 'tool' | 'supervisor' | 'QEMU';
	readonly signal: NodeJS.Signals;
	/** Within what the work takes, from 0 to 1. */
	readonly moment: number;
}

/** A blow at one kind of work; `number` counts from 1 within that kind. */
export interface NumberedBlow extends Blow {
	readonly kind: string;
	readonly number: number;
}

const victims = ['tool', 'supervisor', 'QEMU'] as const;
const signals = ['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGHUP', 'SIGSEGV', 'SIGABRT'] as const;

/**
 * The blows at a kind. Every kind has a chance of its own: how many blows another kind gets, and in how many parts, changes
 * none of them.
 */
export function blowsAt(kind: string, count: number, seed: number): readonly NumberedBlow[] {
	const random = new Random(seed ^ Buffer.from(kind).reduce((hash, byte) => Math.imul(hash ^ byte, 0x01000193), 0x811c9dc5));
	return Array.from({ length: count }, (_, index) => ({
		kind,
		number: index + 1,
		victim: random.pick(victims),
		signal: random.pick(signals),
		moment: random.next(),
	}));
}

/**
 * Reads how many blows each kind gets: `fake=20,cold` are twenty at fake machines, and as many at cold runs as `usual` has.
 * @throws Error that names what is wrong with it
 */
export function parseKinds(text: string, usual: Readonly<Record<string, number>>): ReadonlyMap<string, number> {
	return new Map(
		text.split(',').map((word) => {
			const [kind = '', number] = word.split('=');
			const count = number === undefined ? usual[kind] : Number(number);
			if (!Object.hasOwn(usual, kind)) throw new Error(`there is no kind '${kind}'; there are ${Object.keys(usual).join(', ')}`);
			if (count === undefined || !Number.isInteger(count) || count < 1) throw new Error(`expected a number above 0 in '${word}'`);
			return [kind, count];
		}),
	);
}
