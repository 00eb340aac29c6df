import test from 'ava';
import { debvmCreateArgv } from '../../bench/by-hand/debvm.js';
import { dnsmasqArgv, networkBatch, overlayArgv, qemuArgv, type ByHandMachine } from '../../bench/by-hand/lab-by-hand.js';

const machine: ByHandMachine = {
	name: 'redis',
	memoryMiB: 1024,
	diskMiB: 8192,
	mac: '52:54:00:01:02:03',
	tap: 'tap3',
	rootFile: '/images/root.img',
	kernelFile: '/images/vmlinuz',
	initrdFile: '/images/initrd',
	overlayFile: '/by,hand/redis.qcow2',
	seedFile: '/seeds/redis.iso',
	consoleFile: '/logs/redis.log',
	address: '10.0.2.14',
	username: 'ops',
	password: 'secret',
	hostKey: 'ssh-ed25519 AAAA redis',
};

const network = { uplinkGateway: '10.0.2.1/24', uplinkNetwork: '10.0.2.0', labGateway: '10.71.0.1/24' };

test('a machine by hand is what QEMU makes of it by default', (t) => {
	t.deepEqual(qemuArgv(machine), [
		'qemu-system-x86_64',
		...['-name', 'redis', '-accel', 'tcg', '-m', '1024'],
		...['-kernel', '/images/vmlinuz', '-initrd', '/images/initrd', '-append', 'root=/dev/vda rw console=ttyS0'],
		...['-drive', 'file=/by,,hand/redis.qcow2,if=virtio'],
		...['-drive', 'file=/seeds/redis.iso,if=virtio,format=raw,readonly=on'],
		...['-netdev', 'tap,id=net0,ifname=tap3,script=no,downscript=no'],
		...['-device', 'virtio-net-pci,netdev=net0,mac=52:54:00:01:02:03'],
		...['-serial', 'file:/logs/redis.log', '-display', 'none'],
	]);
	t.deepEqual(overlayArgv(machine).slice(-2), ['/by,hand/redis.qcow2', '8192M']);
});

test('the wire by hand', (t) => {
	const lines = networkBatch([machine], network).split('\n');
	t.true(lines.includes('tuntap add tap3 mode tap'));
	t.true(lines.includes('address add 10.71.0.1/24 dev br0'));
	t.is(lines.at(-1), '');
	const dnsmasq = dnsmasqArgv([machine], network, '/logs/leases');
	t.true(dnsmasq.includes('--dhcp-host=52:54:00:01:02:03,10.0.2.14,redis,infinite'));
	t.true(dnsmasq.includes('--dhcp-option=option:router,10.0.2.1'));
});

test('an image by debvm has the packages of the recipe and root\'s key, and updates where the mirror has them', (t) => {
	const sources = { uri: 'http://archive.test/debian', security: 'http://archive.test/security', updates: ['security'] } as const;
	const argv = debvmCreateArgv('trixie', ['curl', 'jq'], '/keys/key.pub', '/images/root.img', ['main'], sources);
	const own = argv.slice(0, argv.indexOf('--'));
	t.deepEqual(own, ['debvm-create', '--release', 'trixie', '--size', '6G', '--sshkey', '/keys/key.pub', '--output', '/images/root.img']);
	const ofMmdebstrap = argv.slice(own.length + 1);
	t.true(ofMmdebstrap.includes('--include=curl,jq'));
	t.is(ofMmdebstrap.at(-2), 'http://archive.test/debian');
	t.regex(ofMmdebstrap.at(-1) ?? '', /^deb \[.*\] http:\/\/archive\.test\/security trixie-security main$/);
});
