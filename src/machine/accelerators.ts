/** The accelerators that a machine can run on, and in what they differ: the one table that a new accelerator needs a row of. */
import type { AcceleratorName } from '../lab/events.js';

/** What the tool must know of an accelerator beside QEMU's options for it (./accelerator). */
export interface AcceleratorProperties {
	/** Whether guests run on an emulated processor: its features are the same on every host, its clock is not. */
	readonly isEmulated: boolean;
	/**
	 * Whether huge pages are asked for as the guests' memory. A guest of KVM is the faster the larger its pages are; an emulated
	 * one would only touch more memory with them, and clearing those of its translation buffer, which fills slowly, took up to
	 * a fifth of a restored lab's processor time.
	 */
	readonly usesHugePages: boolean;
	/** What QEMU itself and a booted guest touch of their memory, in MiB: measured after a scenario. */
	readonly touchedMiB: number;
	readonly canary: {
		/** How long it may take to user space. With KVM it takes a second; where it takes much longer, KVM helps nobody. */
		readonly bootDeadlineMs: number;
		/** How long each part of its saving and restoring may take. */
		readonly stateDeadlineMs: number;
		/** One that takes longer may have been booted in a busy moment. */
		readonly slowMs: number;
	};
}

/** Their properties, by name. */
export const accelerators: Readonly<Record<AcceleratorName, AcceleratorProperties>> = {
	kvm: {
		isEmulated: false,
		usesHugePages: true,
		touchedMiB: 450,
		canary: { bootDeadlineMs: 15_000, stateDeadlineMs: 15_000, slowMs: 3000 },
	},
	tcg: {
		isEmulated: true,
		usesHugePages: false,
		// The translation buffer comes on top.
		touchedMiB: 700,
		canary: { bootDeadlineMs: 180_000, stateDeadlineMs: 60_000, slowMs: 20_000 },
	},
};

/** In the order of the table. */
export const acceleratorNames = Object.keys(accelerators) as readonly AcceleratorName[];

/** Whether a value from a file names an accelerator. */
export const isAcceleratorName = (value: unknown): value is AcceleratorName => acceleratorNames.some((name) => name === value);

/** What the tool must know of the accelerator of that name. */
export const propertiesOf = ({ name }: { readonly name: AcceleratorName }): AcceleratorProperties => accelerators[name];
