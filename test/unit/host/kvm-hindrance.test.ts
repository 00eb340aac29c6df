import test from 'ava';
import { findKvmHindrance } from '../../../src/host/kvm.js';

const hindrance = test.macro(async (t, exists: boolean, code: string | undefined, expected: string | undefined) => {
	const host = {
		exists: async (file: string) => exists && file === '/dev/kvm',
		tryDevice: async () => (exists ? code : t.fail('a device that is not there is not opened')),
	};
	t.is(await findKvmHindrance(host as Parameters<typeof findKvmHindrance>[0]), expected);
});
test('no device', hindrance, false, undefined, 'there is no /dev/kvm');
test('no permission', hindrance, true, 'EACCES', '/dev/kvm cannot be opened (EACCES)');
test('no hardware', hindrance, true, 'ENODEV', '/dev/kvm cannot be opened (ENODEV)');
test('a device that opens is worth a try', hindrance, true, undefined, undefined);
