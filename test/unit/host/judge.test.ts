import test from 'ava';
import type { RequirementStatus } from '../../../src/base/requirement.js';
import { knownPrograms, packageOf } from '../../../src/base/programs.js';
import {
	findUserNamespaceFix,
	isAtLeast,
	judgeBytes,
	judgeSubordinateRanges,
	parseVersion,
	type UserNamespaceSwitches,
} from '../../../src/host/judge.js';

const version = test.macro({
	exec(t, text: string, expected: string | undefined) {
		t.is(parseVersion(text), expected);
	},
	title: (_, text, expected) => `the version in '${text}' is ${expected ?? 'unknown'}`,
});

test(version, 'QEMU emulator version 10.0.2 (Debian 1:10.0.2+ds-2+deb13u1~bpo12+1)', '10.0.2');
test(version, 'qemu-img version 8.2.2 (Debian 1:8.2.2+ds-0ubuntu1.10)', '8.2.2');
test(version, 'Dnsmasq version 2.90  Copyright (c) 2000-2024 Simon Kelley', '2.90');
test(version, 'ip utility, iproute2-6.1.0, libbpf 1.1.2', '6.1.0');
test(version, 'mke2fs 1.47.0 (5-Feb-2023)', '1.47.0');
test(version, 'OpenSSH_9.2p1 Debian-2+deb12u7, OpenSSL 3.0.17 1 Jul 2025', '9.2');
test(version, 'v20.19.5', '20.19.5');
test(version, 'usage: something', undefined);

const atLeast = test.macro({
	exec(t, have: string, needed: string, expected: boolean) {
		t.is(isAtLeast(have, needed), expected);
	},
	title: (_, have, needed, expected) => `${have} is ${expected ? '' : 'not '}at least ${needed}`,
});

test(atLeast, '8.2', '8.2', true);
test(atLeast, '8.2.0', '8.2', true);
test(atLeast, '10.0.2', '8.2', true);
test(atLeast, '7.2.17', '8.2', false);
test(atLeast, '8.1.9', '8.2', false);
test(atLeast, '20.9', '20.19', false);
test(atLeast, '21', '20.19', true);

const namespaceFix = test.macro({
	exec(t, switches: Partial<UserNamespaceSwitches>, expected: RegExp) {
		const none = { appArmorRestricts: false, cloneSwitch: undefined, maximum: '96365' };
		t.regex(findUserNamespaceFix({ ...none, ...switches }, 'sudo bin/setup system'), expected);
	},
	title: (_, switches) => `what fixes user namespaces with ${JSON.stringify(switches)}`,
});

test(namespaceFix, { cloneSwitch: '0' }, /sysctl kernel\.unprivileged_userns_clone=1/);
test(namespaceFix, { maximum: '0' }, /sysctl user\.max_user_namespaces=[1-9]/);
test(namespaceFix, { appArmorRestricts: true, cloneSwitch: '1' }, /^sudo bin\/setup system$/);
test(namespaceFix, {}, /container/);

const range = { first: 100_000, count: 65_536 };

test('a user with both ranges has enough', (t) => {
	t.deepEqual(judgeSubordinateRanges(range, range, 'ann', 'setup'), { status: 'ok', found: '100000-165535' });
});

test('ranges that differ are both reported', (t) => {
	const { status, found } = judgeSubordinateRanges(range, { first: 200_000, count: 65_536 }, 'ann', 'setup');
	t.is(status, 'ok');
	t.is(found, '100000-165535, groups 200000-265535');
});

test('the file that lacks a range is named', (t) => {
	const { status, found, fix } = judgeSubordinateRanges(range, undefined, 'ann', 'setup');
	t.is(status, 'missing');
	t.is(found, 'no range of ann in /etc/subgid');
	t.is(fix, 'setup');
});

test('a range that is too small does not do', (t) => {
	const { status, found } = judgeSubordinateRanges(range, { first: 100_000, count: 1000 }, 'ann', 'setup');
	t.is(status, 'missing');
	t.regex(found, /100000-100999.*too few/);
});

const bytes = test.macro({
	exec(t, figure: number, expected: RequirementStatus) {
		const { status, fix } = judgeBytes(figure, { comfortable: 300, least: 100 }, 'free', 'free some');
		t.is(status, expected);
		t.is(fix, expected === 'ok' ? undefined : 'free some');
	},
	title: (_, figure, expected) => `${figure} of 300, at least 100, is ${expected}`,
});

test(bytes, 300, 'ok');
test(bytes, 299, 'warning');
test(bytes, 100, 'warning');
test(bytes, 99, 'missing');

test('a program is known by its package, and nothing else is', (t) => {
	t.is(packageOf('dnsmasq'), 'dnsmasq-base');
	t.is(packageOf('toString'), undefined);
	t.true(knownPrograms().some(({ program, package: name }) => program === 'mke2fs' && name === 'e2fsprogs'));
});
