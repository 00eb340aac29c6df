import test from 'ava';
import { brokenFailure } from '../../../src/base/errors.js';
import { doctorCommand } from '../../../src/commands/doctor.js';
import type { Host } from '../../../src/host/host.js';
import { requiredForIso } from '../../../src/host/iso.js';
import { adviseKvm, type ProveKvm } from '../../../src/host/kvm.js';
import { requiredForRun } from '../../../src/host/requirements.js';
import { programMissing, type Argv, type CommandResult } from '../../../src/process/run.js';

interface HostParts {
	readonly devices?: Readonly<Record<string, string>>;
	readonly files?: Readonly<Record<string, string>>;
	/** What a program prints, or its failure; a program given `null` is not there. */
	readonly programs?: Readonly<Record<string, Partial<CommandResult> | null>>;
	readonly host?: Partial<Host>;
}

const gibibyte = 2 ** 30;

/** A host that has everything, less what a test takes away. */
function hostWith({ devices = {}, files = {}, programs = {}, host = {} }: HostParts = {}): Host {
	const allFiles: Record<string, string> = {
		'/etc/subuid': 'ann:100000:65536',
		'/etc/subgid': 'ann:100000:65536',
		'/usr/share/keyrings/debian-archive-keyring.gpg': '',
		...files,
	};
	return {
		user: { username: 'ann', uid: 1000 },
		nodeVersion: '20.19.5',
		run: async (argv: Argv) => {
			const result = programs[argv[0]];
			if (result === null) throw programMissing(argv[0]);
			const stdout = argv[0] === 'qemu-system-x86_64' ? 'QEMU emulator version 10.0.2 (Debian)' : 'version 1.2.3';
			return { stdout, stderr: '', exitCode: 0, ms: 1, ...result };
		},
		findProgram: async (program) => (programs[program] === null ? undefined : `/usr/bin/${program}`),
		exists: async (file) => Object.hasOwn(allFiles, file),
		readText: async (file) => allFiles[file],
		tryDevice: async (file) => devices[file],
		describeDevice: async () => ({ mode: 0o660, group: 'kvm' }),
		freeDisk: async () => 50 * gibibyte,
		freeMemory: () => 8 * gibibyte,
		setUp: 'sudo /opt/rehearse/bin/setup system',
		...host,
	};
}

interface Report {
	readonly can_run: boolean;
	readonly requirements: readonly { id: string; status: string; found: string; needed: string; fix?: string }[];
}

async function doctor(host: Host, proveKvm?: ProveKvm, iso = false) {
	let text = '';
	const stdout = { write: (chunk: string) => (text += chunk) };
	const exitCode = await doctorCommand({ json: true, color: false, stdout, cacheDirectory: '/cache', host, proveKvm, iso });
	const report = JSON.parse(text) as Report;
	return { exitCode, report, find: (id: string) => report.requirements.find((requirement) => requirement.id === id) };
}

test('a host with everything can run, and nothing is to be fixed', async (t) => {
	const { exitCode, report } = await doctor(hostWith());
	t.is(exitCode, 0);
	t.true(report.can_run);
	t.deepEqual(report.requirements.filter(({ status }) => status !== 'ok'), []);
	t.true(report.requirements.every(({ fix }) => fix === undefined));
});

const finding = test.macro(
	async (t, parts: HostParts, id: string, status: string, found: RegExp, fix: RegExp, exitCode: 0 | 3) => {
		const result = await doctor(hostWith(parts));
		const requirement = result.find(id);
		t.is(requirement?.status, status);
		t.regex(requirement?.found ?? '', found);
		t.regex(requirement?.fix ?? '', fix);
		t.is(result.exitCode, exitCode);
		t.is(result.report.can_run, exitCode === 0);
	},
);

const setUp = /^sudo \/opt\/rehearse\/bin\/setup system$/;
const appArmor = '/proc/sys/kernel/apparmor_restrict_unprivileged_userns';
const refusal = { exitCode: 1, stderr: 'unshare: write failed /proc/self/uid_map: Operation not permitted' };

test('QEMU 7.2 is too old', finding,
	{ programs: { 'qemu-system-x86_64': { stdout: 'QEMU emulator version 7.2.17' } } },
	'qemu', 'too old', /^7\.2\.17$/, setUp, 3);
test('QEMU 8.2 will do', finding, { programs: { 'qemu-system-x86_64': { stdout: 'QEMU emulator version 8.2.2' } } },
	'qemu', 'ok', /^8\.2\.2$/, /^$/, 0);
test('no QEMU', finding, { programs: { 'qemu-system-x86_64': null } }, 'qemu', 'missing', /not found/, setUp, 3);
test('Node.js 18', finding, { host: { nodeVersion: '18.19.0' } }, 'node', 'too old', /^18\.19\.0$/, /Node\.js 20/, 3);
test('no dnsmasq', finding, { programs: { dnsmasq: null } }, 'dnsmasq', 'missing', /not found/, setUp, 3);
test('no ssh is only a warning', finding, { programs: { ssh: null } }, 'ssh', 'warning', /not found/, setUp, 0);
test('a version on stderr counts', finding, { programs: { ip: { stdout: '', stderr: 'iproute2-6.1.0' } } },
	'ip', 'ok', /^6\.1\.0$/, /^$/, 0);
test('no /dev/kvm is only a warning', finding, { devices: { '/dev/kvm': 'ENOENT' } },
	'kvm', 'warning', /not present.*TCG/, /firmware/, 0);
test('no /dev/kvm on a CPU of AMD', finding,
	{ devices: { '/dev/kvm': 'ENOENT' }, files: { '/proc/cpuinfo': 'flags\t: fpu svm sse' } },
	'kvm', 'warning', /not present/, /^sudo modprobe kvm_amd$/, 0);
test('/dev/kvm not permitted', finding, { devices: { '/dev/kvm': 'EACCES' } },
	'kvm', 'warning', /not permitted/, /usermod --append --groups kvm ann/, 0);
test('/dev/kvm of root alone, which no group helps with', finding,
	{ devices: { '/dev/kvm': 'EACCES' }, host: { describeDevice: async () => ({ mode: 0o600, group: 'root' }) } },
	'kvm', 'warning', /not permitted/, /^sudo chmod 0666 \/dev\/kvm .*udev/, 0);
test('/dev/kvm of a group that is root’s', finding,
	{ devices: { '/dev/kvm': 'EACCES' }, host: { describeDevice: async () => ({ mode: 0o660, group: 'root' }) } },
	'kvm', 'warning', /not permitted/, /^sudo chmod 0666/, 0);
test('/dev/kvm kept back by a container', finding, { devices: { '/dev/kvm': 'EPERM' } },
	'kvm', 'warning', /EPERM/, /--device \/dev\/kvm/, 0);
test('no /dev/net/tun', finding, { devices: { '/dev/net/tun': 'ENOENT' } },
	'tun', 'missing', /not present/, setUp, 3);
test('/dev/net/tun not permitted', finding, { devices: { '/dev/net/tun': 'EACCES' } },
	'tun', 'missing', /not permitted to ann/, setUp, 3);
test('/dev/net/tun kept back by a container', finding, { devices: { '/dev/net/tun': 'EPERM' } },
	'tun', 'missing', /EPERM/, /--device \/dev\/net\/tun/, 3);
test('user namespaces refused by AppArmor', finding, { programs: { unshare: refusal }, files: { [appArmor]: '1' } },
	'user-namespaces', 'missing', /uid_map: Operation not permitted/, setUp, 3);
test('AppArmor without a profile', finding, { files: { [appArmor]: '1' } },
	'apparmor', 'warning', /restricts/, setUp, 0);
test('AppArmor with a profile', finding, { files: { [appArmor]: '1', '/etc/apparmor.d/rehearse-unshare': '' } },
	'apparmor', 'ok', /profile that allows/, /^$/, 0);
test('AppArmor and root', finding,
	{ files: { [appArmor]: '1', '/etc/subuid': 'root:1:65536', '/etc/subgid': 'root:1:65536' }, host: { user: { username: 'root', uid: 0 } } },
	'apparmor', 'ok', /not those of root/, /^$/, 0);
test('no subordinate ids', finding, { files: { '/etc/subuid': 'bob:100000:65536' } },
	'subordinate-ids', 'missing', /no range of ann in \/etc\/subuid/, setUp, 3);
test('no newuidmap', finding, { programs: { newuidmap: null } },
	'newuidmap', 'missing', /newuidmap not found/, setUp, 3);
test('little disk', finding, { host: { freeDisk: async () => gibibyte } },
	'disk', 'missing', /1 GiB free for \/cache/, /XDG_CACHE_HOME/, 3);
test('a cache that cannot be written to', finding, { host: { freeDisk: async () => undefined } },
	'disk', 'missing', /\/cache cannot be written to/, /XDG_CACHE_HOME/, 3);
test('memory of children that cannot be read', finding, { programs: { sh: { exitCode: 2 } } },
	'memory-access', 'warning', /not saved as started/, /ptrace_scope/, 0);
test('memory that may just do', finding, { host: { freeMemory: () => 2 * gibibyte } },
	'memory', 'warning', /2 GiB available/, /smaller lab/, 0);
test('no keyring', finding, { host: { exists: async () => false } }, 'keyring', 'missing', /not found/, setUp, 3);
test('the keyring of Debian 13', finding, { host: { exists: async (file) => file.endsWith('.pgp') } },
	'keyring', 'ok', /\.pgp$/, /^$/, 0);
test('a probe that throws', finding, { host: { freeDisk: async () => Promise.reject(new Error('statfs: EIO')) } },
	'disk', 'missing', /EIO/, /report/, 3);

test('KVM that a guest ran under is proven', async (t) => {
	const { find } = await doctor(hostWith(), async () => ({ usable: true, reason: 'a kernel booted in 0.4 s' }));
	t.is(find('kvm')?.status, 'ok');
	t.regex(find('kvm')?.found ?? '', /proven: a kernel booted/);
});

test('KVM that is only a pretence is reported with its reason, and TCG suffices', async (t) => {
	const { find, exitCode } = await doctor(hostWith(), async () => ({ usable: false, reason: 'KVM internal error' }));
	t.is(find('kvm')?.status, 'warning');
	t.regex(find('kvm')?.found ?? '', /KVM internal error.*TCG/);
	t.is(exitCode, 0);
});

test('KVM that does not bring a saved machine back is reported', async (t) => {
	const { find, exitCode } = await doctor(hostWith(), async () => ({ usable: true, reason: 'KVM booted', noRestore: 'no such section' }));
	t.is(find('kvm')?.status, 'warning');
	t.regex(find('kvm')?.found ?? '', /proven: KVM booted; but a saved machine does not go on: no such section/);
	t.is(exitCode, 0);
});

const advised = test.macro(async (t, parts: HostParts, expected: RegExp | undefined) => {
	const advice = await adviseKvm(hostWith(parts));
	if (expected) t.regex(advice ?? '', expected);
	else t.is(advice, undefined);
});
const amd = { '/proc/cpuinfo': 'flags\t: fpu svm sse' };
test('a run that fell back reports what to do: the group', advised, { devices: { '/dev/kvm': 'EACCES' } }, /^guests are emulated.*: sudo usermod --append --groups kvm ann/);
test('the module', advised, { devices: { '/dev/kvm': 'ENOENT' }, files: amd }, /: sudo modprobe kvm_amd$/);
test('nothing where the processor has no KVM', advised, { devices: { '/dev/kvm': 'ENOENT' } }, undefined);
test('nor where KVM can be opened: what it died of is reported already', advised, { files: amd }, undefined);

test('no guest is booted where /dev/kvm cannot be opened', async (t) => {
	await doctor(hostWith({ devices: { '/dev/kvm': 'EACCES' } }), async () => t.fail() as never);
	t.pass();
});

test('the table has a row for each requirement, with its fix below it', async (t) => {
	let text = '';
	const stdout = { write: (chunk: string) => (text += chunk) };
	const host = hostWith({ programs: { dnsmasq: null }, devices: { '/dev/kvm': 'ENOENT' } });
	const exitCode = await doctorCommand({ json: false, color: false, stdout, cacheDirectory: '/cache', host });
	t.is(exitCode, 3);
	t.regex(text, /^ok {7}QEMU +10\.0\.2 +needed: 8\.2 or newer$/m);
	t.regex(text, /^missing {2}dnsmasq +not found +needed: any\n {9}→ sudo \/opt\/rehearse\/bin\/setup system$/m);
	t.regex(text, /\n\nA rehearsal cannot run on this host yet: 1 thing to fix \(1 warning\)\.\n$/);
	t.notRegex(text, /\x1b/);
});

test('colours are there when they are asked for', async (t) => {
	let text = '';
	const stdout = { write: (chunk: string) => (text += chunk) };
	await doctorCommand({ json: false, color: true, stdout, cacheDirectory: '/cache', host: hostWith() });
	t.regex(text, /\x1b\[32mok\x1b\[39m/);
});

test('the pre-flight lets a host with everything pass', async (t) => {
	await t.notThrowsAsync(requiredForRun(true, hostWith()));
});

const preflight = test.macro(async (t, parts: HostParts, code: string, message: RegExp) => {
	const error = await t.throwsAsync(requiredForRun(true, hostWith(parts)), { message });
	t.like(error, { code, exitCode: 3, hint: 'sudo /opt/rehearse/bin/setup system' });
});

test('the pre-flight names absent programs', preflight, { programs: { bsdtar: null, dnsmasq: null } },
	'missing-bsdtar', /^bsdtar, dnsmasq: not found/);
test('the pre-flight names an absent QEMU', preflight, { programs: { 'qemu-system-x86_64': null } },
	'missing-qemu-system-x86_64', /not found/);
test('the pre-flight refuses an old QEMU', preflight,
	{ programs: { 'qemu-system-x86_64': { stdout: 'QEMU emulator version 7.2.17' } } },
	'too-old-qemu', /QEMU: 7\.2\.17; needed: 8\.2 or newer/);
test('the pre-flight refuses without taps', preflight, { devices: { '/dev/net/tun': 'EACCES' } },
	'missing-tun', /not permitted to ann/);

test('what only a build takes is asked of a run that builds', async (t) => {
	const host = hostWith({ programs: { mmdebstrap: null, gpg: null, mke2fs: null, newuidmap: null }, files: { '/etc/subuid': '' } });
	await t.notThrowsAsync(requiredForRun(false, host));
	await t.throwsAsync(requiredForRun(true, host), { code: 'missing-mmdebstrap', message: /^mmdebstrap, mke2fs, gpg, newuidmap: not found/ });
	await t.throwsAsync(requiredForRun(false, hostWith({ programs: { bsdtar: null } })), { code: 'missing-bsdtar' });
});

const tooSlow = { run: async () => Promise.reject(brokenFailure('command-timeout', 'no end in 10000 ms: dnsmasq --version')) };

test('a program that does not answer in time is slow, not missing', async (t) => {
	const { report, find, exitCode } = await doctor(hostWith({ host: tooSlow }));
	for (const id of ['qemu', 'dnsmasq', 'user-namespaces']) {
		t.like(find(id), { status: 'warning', found: 'slow to answer: no end in 10000 ms: dnsmasq --version' });
	}
	t.deepEqual(report.requirements.filter(({ status }) => status === 'missing'), []);
	t.is(exitCode, 0);
	await t.notThrowsAsync(requiredForRun(true, hostWith({ host: tooSlow })));
});

test('the pre-flight lets warnings pass', async (t) => {
	await t.notThrowsAsync(requiredForRun(true, hostWith({ devices: { '/dev/kvm': 'ENOENT' }, programs: { ssh: null } })));
});

test('what only ISOs need is asked for when ISOs are wanted', async (t) => {
	const host = hostWith({ programs: { xorriso: null } });
	const ordinary = await doctor(host);
	t.is(ordinary.exitCode, 0);
	t.like(ordinary.find('iso'), { status: 'ok', fix: undefined });
	const wanted = await doctor(host, undefined, true);
	t.is(wanted.exitCode, 3);
	t.like(wanted.find('iso'), { status: 'missing', fix: 'sudo /opt/rehearse/bin/setup iso' });
	t.regex(wanted.find('iso')?.found ?? '', /not installed: xorriso, grub-pc-bin, grub-efi-amd64-bin, ovmf/);
	await t.throwsAsync(requiredForIso({}, host), { code: 'missing-iso-tools', message: /xorriso/ });
});
