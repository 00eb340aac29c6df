import test from 'ava';
import { parseManifest, type Manifest } from '../../../src/checkpoint/manifest.js';
import { key, manifest } from './manifests.js';

test('an intact manifest is read as it was written', (t) => {
	t.deepEqual(parseManifest(JSON.stringify(manifest), key), { manifest });
});

const damaged = test.macro({
	title: (title) => `damage: ${title}`,
	exec(t, text: string, reason: string) {
		t.deepEqual(parseManifest(text, key), { damaged: `checkpoint.json ${reason}` });
	},
});

const varied = (change: Partial<Record<keyof Manifest, unknown>>): string => JSON.stringify({ ...manifest, ...change });
const [machine] = manifest.machines;
const withMachine = (change: object): string => varied({ machines: [{ ...machine, ...change }] });
const withRam = (change: object): string => varied({ files: { ...manifest.files, '0.ram': { ...manifest.files['0.ram'], ...change } } });

test('empty', damaged, '', 'is not JSON');
test('cut off', damaged, JSON.stringify(manifest).slice(0, -10), 'is not JSON');
test('zeroed', damaged, '\0'.repeat(100), 'is not JSON');
test('something else', damaged, '[]', 'is not an object');
test('of the first tool', damaged, varied({ schema: 1 }), 'was made by an earlier version of rehearse (schema 1 instead of 4)');
test('of an earlier tool', damaged, varied({ schema: 2 }), 'was made by an earlier version of rehearse (schema 2 instead of 4)');
test('of the tool before', damaged, varied({ schema: 3 }), 'was made by an earlier version of rehearse (schema 3 instead of 4)');
test('of a later tool', damaged, varied({ schema: 5 }), 'has schema 5 instead of 4');
test('of no schema', damaged, varied({ schema: undefined }), 'has schema undefined instead of 4');
test('of another checkpoint', damaged, varied({ key: 'fedcba9876543210' }), 'belongs to "fedcba9876543210"');
test('of a kind that is none', damaged, varied({ kind: 'halted' }), 'has the kind "halted"');
test('without a lab', damaged, varied({ lab: undefined }), 'does not name its lab');
test('without a time', damaged, varied({ savedAt: 'yesterday' }), 'does not have the time when it was saved');
test('without machines', damaged, varied({ machines: [] }), 'does not list its machines');
test('without files', damaged, varied({ files: undefined }), 'does not list its files');
test('a machine without a name', damaged, withMachine({ node: undefined }), 'has an invalid entry for a machine');
test('an input that is no text', damaged, withMachine({ fingerprint: { memory: 512 } }), 'has an invalid entry for a machine');
test('layers that are none', damaged, withMachine({ layers: [1] }), 'has an invalid entry for a machine');
test('RAM that has no digest', damaged, withMachine({ ram: '1.ram' }), 'has no entry for 1.ram');
test('pages that have no digest', damaged, withMachine({ pages: '0.pages' }), 'has no entry for 0.pages');
test('pages that are none', damaged, withMachine({ pages: 7 }), 'has an invalid entry for a machine');
test('a layer that has no digest', damaged, withMachine({ layers: ['0.0.qcow2', '0.1.qcow2'] }), 'has no entry for 0.1.qcow2');
test('a name that objects have anyway', damaged, withMachine({ ram: 'toString' }), 'has no entry for toString');
test('a digest without a checksum', damaged, withRam({ crc32: null }), 'has an invalid entry for 0.ram');
test('an extent beyond the end', damaged, withRam({ bytes: 4095 }), 'has an invalid entry for 0.ram');
test('extents that overlap', damaged, withRam({ extents: [[0, 1024], [1023, 1]] }), 'has an invalid entry for 0.ram');
test('an extent of three', damaged, withRam({ extents: [[0, 1024, 1]] }), 'has an invalid entry for 0.ram');
test('an extent of negative length', damaged, withRam({ extents: [[0, -1]] }), 'has an invalid entry for 0.ram');

test('a file that leads out of the directory', (t) => {
	for (const name of ['../x', 'a/b', '..', '']) {
		const text = varied({ files: { ...manifest.files, [name]: manifest.files['0.ram'] } });
		t.deepEqual(parseManifest(text, key), { damaged: `checkpoint.json has an invalid entry for ${name}` });
	}
});
