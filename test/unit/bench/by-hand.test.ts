import test from 'ava';
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
