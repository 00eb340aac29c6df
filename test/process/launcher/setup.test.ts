import { readFile } from 'node:fs/promises';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { makeCheckout, type Checkout } from './checkout.js';

interface SystemOptions {
	readonly uid?: number;
	/** Programs that the host has not got. */
	readonly without?: readonly string[];
	readonly release?: string;
	readonly sources?: string;
	readonly subuid?: string;
	/** Shell text that runs after everything else was set up. */
	readonly then?: string;
}

const bookworm = 'ID=debian\nVERSION_CODENAME=bookworm\n';
const trixie = 'ID=debian\nVERSION_CODENAME=trixie\n';
const bookwormSources = 'deb [signed-by=/k.gpg] http://m.example/debian bookworm main\n';
const allPrograms = [
	'bsdtar', 'dnsmasq', 'gpg', 'ip', 'mke2fs', 'mmdebstrap', 'mount', 'newgidmap', 'newuidmap', 'nsenter', 'perl', 'qemu-img',
	'ssh', 'ssh-keygen', 'umount', 'unshare',
];

/**
 * A host in miniature: nothing is on PATH but this test's programs, so that the real apt-get is out of reach, and the
 * files that bin/lib looks at lie in the checkout.
 * apt-get notes what it is asked, and installs by putting the programs of the packages on PATH.
 */
async function makeSystem(t: ExecutionContext, options: SystemOptions): Promise<Checkout> {
	const checkout = await makeCheckout(t);
	const { root, shims } = checkout;
	const { uid = 0, without = [], release = trixie, sources = bookwormSources, subuid = 'ann:100000:65536\n' } = options;
	await checkout.borrow(['awk', 'cat', 'chmod', 'env', 'grep', 'mkdir', 'mktemp', 'readlink', 'rm', 'sed', 'sh', 'tail']);
	await checkout.write('os-release', release);
	await checkout.write('apt/sources.list', sources);
	await checkout.write('apt/sources.list.d/empty.list', '');
	await checkout.write('subuid', subuid);
	await checkout.write('keyring', '');
	await checkout.shim('id', `case $1 in -un) echo ann ;; *) echo ${uid} ;; esac`);
	await checkout.shim('usermod', 'echo "usermod $*" >>"$LOG"; echo "ann:165536:65536" >>"$SUBUID"');
	await checkout.shim('apt-config', `echo "list='${root}/apt/sources.list'"; echo "parts='${root}/apt/sources.list.d/'"`);
	await checkout.shim('apt-cache', 'case $1 in madison) ;; *) exit 0 ;; esac');
	for (const name of allPrograms) if (!without.includes(name)) await checkout.shim(name, ':');
	const qemu = 'echo "QEMU emulator version 10.0.2 (Debian)"';
	if (!without.includes('qemu-system-x86_64')) await checkout.shim('qemu-system-x86_64', qemu);
	await checkout.shim(
		'apt-get',
		`echo "apt-get $*" >>"$LOG"
		case " $* " in *' install '*) ;; *) exit 0 ;; esac
		for name in ${[...without].join(' ')}; do printf '#!/bin/sh\\n%s\\n' '${qemu}' >"${shims}/$name"; chmod +x "${shims}/$name"; done
		printf '#!/bin/sh\\n%s\\n' '${qemu}' >"${shims}/qemu-system-x86_64"`,
	);
	await checkout.write(
		'system.sh',
		`#!/bin/sh
		set -eu
		root=${root}
		for library in report checkout packages sources permissions system; do . "$root/bin/lib/$library.sh"; done
		os_release=$root/os-release subid_files=$root/subuid tun=/dev/null apparmor_switch=$root/switch
		apparmor_profile=$root/apparmor.d/rehearse-unshare
		files="$root/keyring debian-archive-keyring"
		${options.then ?? ''}
		set_up_system ann
		`,
	);
	return checkout;
}

const setUp = (checkout: Checkout) =>
	checkout.run(['/bin/sh', path.join(checkout.root, 'system.sh')], {
		PATH: checkout.shims,
		SUBUID: path.join(checkout.root, 'subuid'),
	});

const installs = async (checkout: Checkout) => (await checkout.notes()).filter((note) => / install /.test(note));

test('where nothing is missing, nothing is said or done', async (t) => {
	const checkout = await makeSystem(t, {});
	const { exitCode, stdout, stderr } = await setUp(checkout);
	t.deepEqual({ exitCode, stdout, stderr }, { exitCode: 0, stdout: '', stderr: '' });
	t.deepEqual(await checkout.notes(), []);
});

test('what is missing is told, then installed', async (t) => {
	const checkout = await makeSystem(t, { without: ['dnsmasq', 'newuidmap', 'newgidmap'] });
	const { exitCode, stdout, stderr } = await setUp(checkout);
	t.is(exitCode, 0);
	t.is(stdout, '');
	t.regex(stderr, /to be done on this machine:\n {2}- install with apt-get: dnsmasq-base uidmap\n/);
	t.deepEqual(await checkout.notes(), [
		'apt-get --yes --no-install-recommends -o DPkg::Lock::Timeout=300 install dnsmasq-base uidmap',
	]);
});

const browser = test.macro({
	async exec(t, release: string, asked: string, expected: string[]) {
		const checkout = await makeSystem(t, { release, without: ['chromium'], then: asked });
		const letters = `${checkout.root}/letters`;
		await checkout.write('letters', '');
		await checkout.write('system.sh', (await readFile(path.join(checkout.root, 'system.sh'), 'utf8')).replace('set_up_system ann', `test_programs="chromium chromium\n${letters} fonts"\nset_up_system ann`));
		t.is((await setUp(checkout)).exitCode, 0);
		t.deepEqual((await checkout.notes()).map((note) => / (install .*)$/.exec(note)?.[1]), expected);
	},
	title: (title = '') => title,
});

test('a browser is installed for the tests', browser, trixie, 'want_test_packages', ['install chromium']);
test('a browser is installed for nothing else', browser, trixie, '', []);
test('no browser is asked of Ubuntu, which has no package of one', browser, 'ID=ubuntu\nVERSION_CODENAME=noble\n', 'want_test_packages', []);

test('apt lists are fetched when they do not know the packages', async (t) => {
	const checkout = await makeSystem(t, { without: ['bsdtar'] });
	await checkout.shim('apt-cache', 'exit 100');
	t.is((await setUp(checkout)).exitCode, 0);
	t.deepEqual((await checkout.notes()).map((note) => / (update|install .*)$/.exec(note)?.[1]), ['update', 'install libarchive-tools']);
});

test('Debian 12 has QEMU from backports, the rest from itself', async (t) => {
	const checkout = await makeSystem(t, { release: bookworm, without: ['qemu-system-x86_64', 'qemu-img', 'dnsmasq'] });
	const { exitCode, stderr } = await setUp(checkout);
	t.is(exitCode, 0);
	t.regex(stderr, /QEMU from bookworm-backports/);
	t.is(
		await readFile(path.join(checkout.root, 'apt/sources.list.d/rehearse-backports.sources'), 'utf8'),
		'# Added by bin/setup of rehearse: QEMU of Debian 12 itself is too old.\n' +
			'Types: deb\nURIs: http://m.example/debian\nSuites: bookworm-backports\nComponents: main\nSigned-By: /k.gpg\n',
	);
	t.deepEqual((await checkout.notes()).map((note) => / (update|install .*)$/.exec(note)?.[1]), [
		'update',
		'install dnsmasq-base',
		'install --target-release bookworm-backports qemu-utils qemu-system-x86',
	]);
});

test('backports that are configured are not added again', async (t) => {
	const sources = `${bookwormSources}deb http://b.example/debian bookworm-backports main\n`;
	const checkout = await makeSystem(t, { release: bookworm, sources, without: ['qemu-img'] });
	await checkout.shim('apt-cache', 'echo "qemu-system-x86 | 10.0.2 | http://b.example/debian bookworm-backports/main"');
	const { exitCode, stderr } = await setUp(checkout);
	t.is(exitCode, 0);
	t.notRegex(stderr, /adding bookworm-backports/);
	t.is((await checkout.notes()).filter((note) => note.endsWith(' update')).length, 0);
});

test('QEMU 7.2 of Debian 12 is replaced', async (t) => {
	const checkout = await makeSystem(t, { release: bookworm });
	await checkout.shim('qemu-system-x86_64', 'echo "QEMU emulator version 7.2.17 (Debian 1:7.2+dfsg-7+deb12u13)"');
	const { exitCode, stderr } = await setUp(checkout);
	t.is(exitCode, 0);
	t.regex(stderr, /replace QEMU 7\.2\.17 by 8\.2 or newer from bookworm-backports/);
	t.regex((await installs(checkout))[0] ?? '', /--target-release bookworm-backports qemu-system-x86 qemu-utils$/);
});

test('an installation that fails is tried once more with fresh lists, then its words are shown', async (t) => {
	const checkout = await makeSystem(t, { without: ['dnsmasq'] });
	await checkout.shim('apt-get', 'echo "apt-get $*" >>"$LOG"; case " $* " in *" update "*) ;; *) echo "E: 404 Not Found"; exit 100 ;; esac');
	const { exitCode, stderr } = await setUp(checkout);
	t.is(exitCode, 3);
	t.regex(stderr, /\| E: 404 Not Found\nrehearse: apt-get could not install the packages.*\n {2}→ env DEBIAN_FRONTEND=noninteractive apt-get .*install dnsmasq-base$/);
	t.is((await installs(checkout)).length, 2);
});

test('an installation that leaves something missing is told', async (t) => {
	const checkout = await makeSystem(t, { without: ['dnsmasq'] });
	await checkout.shim('apt-get', ':');
	const { exitCode, stderr } = await setUp(checkout);
	t.is(exitCode, 3);
	t.regex(stderr, /still needed on this machine:\n {2}- install with apt-get: dnsmasq-base/);
});

test('a host without apt is told what is missing', async (t) => {
	const checkout = await makeSystem(t, { without: ['dnsmasq'], then: 'rm "${0%/*}/../shims/apt-get"' });
	const { exitCode, stderr } = await setUp(checkout);
	t.is(exitCode, 3);
	t.regex(stderr, /there is no apt-get to install it with: dnsmasq-base/);
});

test('an ordinary user without sudo gets the one command, and nothing is done', async (t) => {
	const checkout = await makeSystem(t, { uid: 1000, without: ['dnsmasq'] });
	await checkout.shim('sudo', 'echo "sudo: a password is required" >&2; exit 1');
	const { exitCode, stdout, stderr } = await setUp(checkout);
	t.is(exitCode, 3);
	t.is(stdout, '');
	t.regex(stderr, /install with apt-get: dnsmasq-base/);
	t.true(stderr.endsWith(`  → sudo ${checkout.root}/bin/setup system`));
	t.deepEqual(await checkout.notes(), []);
});

test('where there is no sudo at all, the one command is one of su, for this user', async (t) => {
	const checkout = await makeSystem(t, { uid: 1000, without: ['dnsmasq'] });
	const { exitCode, stderr } = await setUp(checkout);
	t.is(exitCode, 3);
	t.true(stderr.endsWith(`  → su root -c '${checkout.root}/bin/setup system ann'`));
});

test('sudo without a password is used, for this user', async (t) => {
	const checkout = await makeSystem(t, { uid: 1000, without: ['dnsmasq'] });
	await checkout.shim('sudo', `echo "sudo $*" >>"$LOG"; [ "$2" = true ] || echo '#!/bin/sh' >${checkout.shims}/dnsmasq; chmod +x ${checkout.shims}/dnsmasq 2>&-; :`);
	const { exitCode } = await setUp(checkout);
	t.is(exitCode, 0);
	t.deepEqual(await checkout.notes(), ['sudo -n true', `sudo -n ${checkout.root}/bin/setup system ann`]);
});

test('a user without subordinate ids is given some that nobody has', async (t) => {
	const checkout = await makeSystem(t, { subuid: 'bob:100000:65536\n' });
	const { exitCode, stderr } = await setUp(checkout);
	t.is(exitCode, 0);
	t.regex(stderr, /giving ann the subordinate ids 165536-231071/);
	t.deepEqual(await checkout.notes(), ['usermod --add-subuids 165536-231071 --add-subgids 165536-231071 ann']);
});

/** A device of that mode and group, which the user may not open. */
const refusedKvm = (checkout: Checkout, modeAndGroup: string) =>
	checkout.shim('stat', `case $2 in %G) echo ${modeAndGroup.split(' ')[1]} ;; *) echo '${modeAndGroup}' ;; esac`);
const refused = 'kvm=/dev/null; kvm_is_usable() { return 1; }';

test('a user who may not use KVM joins the group that may', async (t) => {
	const checkout = await makeSystem(t, { then: refused });
	await refusedKvm(checkout, 'crw-rw---- kvm');
	const { exitCode, stderr } = await setUp(checkout);
	t.is(exitCode, 0);
	t.regex(stderr, /- add ann to the group kvm, for \S+: without it guests are emulated/);
	t.regex(stderr, /adding ann to the group kvm, .*log in again/);
	t.deepEqual(await checkout.notes(), ['usermod --append --groups kvm ann']);
});

const joinsNothing = test.macro(async (t, options: SystemOptions, modeAndGroup: string) => {
	const checkout = await makeSystem(t, options);
	await refusedKvm(checkout, modeAndGroup);
	const { exitCode, stderr } = await setUp(checkout);
	t.deepEqual({ exitCode, stderr }, { exitCode: 0, stderr: '' });
	t.deepEqual(await checkout.notes(), []);
});
test('no group would help with a device of root alone', joinsNothing, { then: refused }, 'crw------- root');
test('nor does one that may not write', joinsNothing, { then: refused }, 'crw-r----- kvm');
test('who has joined the group need not again', joinsNothing, { then: `${refused}; id() { case $1 in -nG) echo ann kvm ;; -un) echo ann ;; *) echo 0 ;; esac; }` }, 'crw-rw---- kvm');
test('who is no root goes without, and is not kept from anything', joinsNothing, { then: refused, uid: 1000 }, 'crw-rw---- kvm');

test('AppArmor’s restriction is lifted for unshare alone', async (t) => {
	const checkout = await makeSystem(t, {
		then: 'caller=ann user_id=1000 user=ann; as_user() { "$@"; }; mkdir -p "$root/apparmor.d"; allow_userns; exit 0',
	});
	await checkout.write('switch', '1\n');
	await checkout.shim('unshare', '[ -e "${0%/*}/loaded" ]');
	await checkout.shim('apparmor_parser', 'echo "apparmor_parser $1 ${2##*/}" >>"$LOG"; : >"${0%/*}/loaded"');
	const { exitCode } = await setUp(checkout);
	t.is(exitCode, 0);
	t.deepEqual(await checkout.notes(), ['apparmor_parser --replace rehearse-unshare']);
	const profile = await readFile(path.join(checkout.root, 'apparmor.d/rehearse-unshare'), 'utf8');
	t.regex(profile, /^profile rehearse-unshare \S*\/unshare flags=\(unconfined\) \{\n {2}userns,$/m);
});

test('an ordinary user under the restriction is told of it', async (t) => {
	const checkout = await makeSystem(t, { uid: 1000 });
	await checkout.write('switch', '1\n');
	await checkout.shim('unshare', 'exit 1');
	const { exitCode, stderr } = await setUp(checkout);
	t.is(exitCode, 3);
	t.regex(stderr, /allow unshare\(1\) to make user namespaces \(AppArmor\)/);
});

test('without the restriction in force nothing is asked for', async (t) => {
	const checkout = await makeSystem(t, { uid: 1000 });
	await checkout.write('switch', '0\n');
	await checkout.shim('unshare', 'exit 1');
	t.is((await setUp(checkout)).exitCode, 0);
});

const isos = (without: string) => `iso_programs="${without}" iso_files="$root/keyring grub-pc-bin"; set_up_iso`;

test('what ISOs are made with is installed when it is asked for', async (t) => {
	const checkout = await makeSystem(t, { without: ['xorriso'], then: isos('xorriso xorriso') });
	const { exitCode, stderr } = await setUp(checkout);
	t.is(exitCode, 0);
	t.is(stderr, 'rehearse: installing for ISOs: xorriso');
	t.deepEqual((await installs(checkout)).map((note) => note.replace(/.* install /, '')), ['xorriso']);
});

test('an ordinary user without sudo gets the one command for ISOs', async (t) => {
	const checkout = await makeSystem(t, { uid: 1000, without: ['xorriso'], then: isos('xorriso xorriso') });
	const { exitCode, stderr } = await setUp(checkout);
	t.is(exitCode, 3);
	t.true(stderr.includes('ISOs need the packages: xorriso\n'));
	t.true(stderr.endsWith(`  → su root -c '${checkout.root}/bin/setup iso'`));
	t.deepEqual(await installs(checkout), []);
});

test('so are the packages of the test on Slurm', async (t) => {
	const checkout = await makeSystem(t, { without: ['slurmd'], then: 'slurm_programs="slurmd slurm-wlm"; set_up_slurm' });
	const { exitCode, stderr } = await setUp(checkout);
	t.is(exitCode, 0);
	t.is(stderr, 'rehearse: installing for tests on Slurm: slurm-wlm');
});
