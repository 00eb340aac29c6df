import { hostFailure } from '../base/errors.js';
import { formatBytes } from '../base/format.js';
import type { LabNode } from '../lab/lab.js';
import type { AcceleratorName } from '../lab/events.js';
import { accelerators } from '../machine/accelerators.js';

/** What the host keeps for itself, in MiB. */
const reserveMiB = 256;

const bytes = (mebibytes: number): string => formatBytes(mebibytes * 1024 * 1024);

/** A sentence for the reader where a machine has more processors than the host; nothing otherwise. */
export function describeProcessors(nodes: readonly Pick<LabNode, 'name' | 'vcpus'>[], available: number): string | undefined {
	const wide = nodes.filter(({ vcpus = 1 }) => vcpus > available).map(({ name, vcpus }) => `${name} ${vcpus}`);
	if (wide.length === 0) return undefined;
	return `more processors than the ${available} of this host: ${wide.join(', ')}; they share those that there are, and nothing runs faster for them`;
}

/**
 * Whether the lab's machines fit into `availableMiB`. Guests get the memory that the plan gives them and touch less.
 * Resolves to a sentence for the reader when the nominal sum exceeds the host, nothing when all fits.
 * @throws Failure `memory` (exit 3) with the figures when not even what they will touch fits
 */
export function admitMemory(
	nodes: readonly Pick<LabNode, 'name' | 'memoryMiB'>[],
	accelerator: AcceleratorName,
	availableMiB: number,
): string | undefined {
	const nominal = nodes.reduce((sum, { memoryMiB }) => sum + memoryMiB, 0);
	const { touchedMiB } = accelerators[accelerator];
	const used = nodes.reduce((sum, { memoryMiB }) => sum + Math.min(memoryMiB, touchedMiB), reserveMiB);
	if (used > availableMiB) {
		throw hostFailure(
			'memory',
			`the lab's machines will touch about ${bytes(used)} of memory, and this host has ${bytes(availableMiB)} to give`,
			{ hint: 'end other programs (another lab?), or rehearse on a larger host' },
		);
	}
	if (nominal <= availableMiB) return undefined;
	return `the plan gives its machines ${bytes(nominal)} of memory and this host has ${bytes(availableMiB)}: fine as long as they touch no more than about ${bytes(used)}`;
}
