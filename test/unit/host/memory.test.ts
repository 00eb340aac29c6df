import test from 'ava';
import { admitMemory, describeProcessors } from '../../../src/host/memory.js';

const nodes = (...sizes: readonly number[]) => sizes.map((memoryMiB, index) => ({ name: `node${index}`, memoryMiB }));
const bundled = nodes(4096, 4096, 2048, 1024);

test('more processors than the host has are reported', (t) => {
	t.is(describeProcessors([{ name: 'a' }, { name: 'b', vcpus: 2 }], 2), undefined);
	t.regex(describeProcessors([{ name: 'a', vcpus: 4 }, { name: 'b', vcpus: 2 }], 2) ?? '', /more processors than the 2 of this host: a 4;/);
});

test('what fits is not reported', (t) => {
	t.is(admitMemory(bundled, 'tcg', 11_264), undefined);
	t.is(admitMemory(nodes(), 'tcg', 256), undefined);
});

test('what fits only because guests touch less is reported, with the figures', (t) => {
	const sentence = admitMemory(bundled, 'tcg', 11_263) ?? '';
	t.regex(sentence, /gives its machines 11 GiB .* this host has 11 GiB: fine as long as .* about 3\.0 GiB/);
	t.regex(admitMemory(bundled, 'tcg', 3056) ?? '', /fine as long as/);
});

test('what cannot fit is refused, with the figures', (t) => {
	const error = t.throws(() => admitMemory(bundled, 'tcg', 3055));
	t.like(error, { code: 'memory', exitCode: 3 });
	t.regex(error?.message ?? '', /will touch about 3\.0 GiB .* has 3\.0 GiB to give/);
});

test('accelerated guests touch less: no translation buffer', (t) => {
	t.notThrows(() => admitMemory(bundled, 'kvm', 2056));
	t.throws(() => admitMemory(bundled, 'kvm', 2055), { code: 'memory' });
});

test('a small machine touches no more than it is given', (t) => {
	t.is(admitMemory(nodes(128, 128), 'tcg', 512), undefined);
	t.throws(() => admitMemory(nodes(128, 128), 'tcg', 511), { code: 'memory' });
});
