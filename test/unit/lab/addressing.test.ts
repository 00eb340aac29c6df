import test from 'ava';
import fc from 'fast-check';
import {
	addressKind,
	collidesWithUplink,
	firstFreeHost,
	isAddress,
	isInside,
	macAddresses,
	maximumNodes,
	overlap,
	parseCidr,
	uplinkAddress,
	type AddressKind,
} from '../../../src/lab/addressing.js';

test('an alias is taken apart', (t) => {
	t.deepEqual(parseCidr('10.71.0.10/24'), {
		address: '10.71.0.10',
		prefixLength: 24,
		subnet: '10.71.0.0/24',
		network: '10.71.0.0',
		broadcast: '10.71.0.255',
	});
	t.is(parseCidr('192.168.5.77/27')?.subnet, '192.168.5.64/27');
});

const malformed = test.macro({
	exec: (t, text: string) => t.is(parseCidr(text), undefined),
	title: (_, text) => `"${text}" is no address with prefix length`,
});
test(malformed, '10.71.0.10');
test(malformed, '10.71.0/24');
test(malformed, '10.71.0.256/24');
test(malformed, '10.71.0.10/33');
test(malformed, '10.071.0.10/24');
test(malformed, '10.71.0.10/024');
test(malformed, ' 10.71.0.10/24');
test(malformed, 'fd00::1/64');
test(malformed, '');

const kind = test.macro({
	exec(t, text: string, expected: AddressKind) {
		const cidr = parseCidr(text);
		t.is(cidr && addressKind(cidr), expected);
	},
	title: (_, text, expected) => `${text} is a ${expected} address`,
});
test(kind, '10.71.0.0/24', 'network');
test(kind, '10.71.0.1/24', 'host');
test(kind, '10.71.0.255/24', 'broadcast');
test(kind, '10.71.0.255/16', 'host');

const overlaps = test.macro({
	exec(t, one: string, other: string, expected: boolean) {
		t.is(overlap(one, other), expected);
		t.is(overlap(other, one), expected);
	},
	title: (_, one, other, expected) => `${one} and ${other} ${expected ? 'overlap' : 'are apart'}`,
});
test(overlaps, '10.71.0.0/24', '10.71.0.0/24', true);
test(overlaps, '10.0.0.0/8', '10.71.0.0/24', true);
test(overlaps, '10.71.0.0/24', '10.71.1.0/24', false);
test(overlaps, '10.71.0.0/24', 'nonsense', false);

test('the uplink is recognised in any subnet that holds it', (t) => {
	t.true(collidesWithUplink('10.0.0.0/16'));
	t.true(collidesWithUplink('10.0.2.128/25'));
	t.false(collidesWithUplink('10.71.0.0/24'));
});

test('an address is inside its subnet and outside of others', (t) => {
	t.true(isInside('10.71.0.10', '10.71.0.0/24'));
	t.false(isInside('10.72.0.10', '10.71.0.0/24'));
	t.false(isInside('10.71.0.10/24', '10.71.0.0/24'));
	t.true(isAddress('1.1.1.1'));
	t.false(isAddress('1.1.1'));
});

test('the gateway is the first address that no node has', (t) => {
	t.is(firstFreeHost('10.71.0.0/24', ['10.71.0.10/24']), '10.71.0.1/24');
	t.is(firstFreeHost('10.71.0.0/24', ['10.71.0.1/24', '10.71.0.2']), '10.71.0.3/24');
	t.is(firstFreeHost('10.71.0.0/30', ['10.71.0.1/30', '10.71.0.2/30']), undefined);
	t.is(firstFreeHost('10.71.0.0/32', []), undefined);
});

test('leases count up from .11 and end with the subnet', (t) => {
	t.is(uplinkAddress(0), '10.0.2.11');
	t.is(uplinkAddress(3), '10.0.2.14');
	t.is(uplinkAddress(maximumNodes - 1), '10.0.2.254');
	t.throws(() => uplinkAddress(maximumNodes), { instanceOf: RangeError });
});

test('MAC addresses are locally administered, follow the name and survive reordering', (t) => {
	const [redis, ml] = macAddresses(['redis', 'immich-ml']);
	t.regex(redis ?? '', /^52:54:00(?::[0-9a-f]{2}){3}$/);
	t.deepEqual(macAddresses(['immich-ml', 'redis']), [ml, redis]);
});

test('MAC addresses are unique, even of equal names', (t) => {
	fc.assert(
		fc.property(fc.array(fc.string(), { maxLength: 40 }), (names) => {
			t.is(new Set(macAddresses(names)).size, names.length);
		}),
	);
	t.not(...(macAddresses(['a', 'a']) as [string, string]));
});
