/** An intact manifest that tests vary. */
import type { Manifest } from '../../../src/checkpoint/manifest.js';

/** The key of `manifest`. */
export const key = '0123456789abcdef';

const digest = { bytes: 4096, extents: [[0, 1024], [2048, 2048]], crc32: 7 } as const;

/** One machine, provisioned. */
export const manifest: Manifest = {
	schema: 4,
	key,
	kind: 'provisioned',
	lab: 'photos',
	savedAt: 1_700_000_000_000,
	machines: [{ node: 'redis', fingerprint: { memory: '512 MiB' }, state: '0.state', ram: '0.ram', layers: ['0.0.qcow2'] }],
	files: { '0.state': digest, '0.ram': digest, '0.0.qcow2': digest },
};
