/** Answers of the guest's agent to `snapshot`, as it makes them. */
import { gzipSync } from 'node:zlib';

/** Of a machine with PostgreSQL on it, shortened; what is `overridden` takes the place of a whole section. */
export function snapshotAnswer(overridden: Readonly<Record<string, string>> = {}): string {
	const sections = { ...sample, ...overridden };
	const { texts, ...others } = sections;
	const text = Object.entries({ ...others, texts })
		.map(([name, body]) => `\x1d${name}\n${body}`)
		.join('');
	return gzipSync(text).toString('base64');
}

/** One of find's records. */
export const fileRecord = (attributes: string, path: string, target = ''): string => `${attributes}\0${path}\0${target}\0`;

/** A digest as md5sum --zero prints it. */
export const digestRecord = (letter: string, path: string): string => `${letter.repeat(32)}  ${path}\0`;

const sample = {
	files: [
		fileRecord('d 755 0:0 4096', '/etc'),
		fileRecord('f 644 0:0 1203', '/etc/passwd'),
		fileRecord('f 640 0:42 735', '/etc/shadow'),
		fileRecord('f 640 1000:0 12', '/etc/app.conf'),
		fileRecord('l 777 0:0 33', '/etc/systemd/system/multi-user.target.wants/pages.service', '/etc/systemd/system/pages.service'),
		fileRecord('f 644 7:7 99', '/opt/strange name\nof two lines'),
	].join(''),
	digests: [digestRecord('a', '/etc/passwd'), digestRecord('b', '/etc/shadow'), digestRecord('c', '/etc/app.conf')].join(''),
	units: [
		'pages.service               loaded    active   running Pages of the pair',
		'broken.service              loaded    failed   failed  Never works',
		'looping.service             loaded    activating auto-restart Ends again and again',
		'idle.service                loaded    inactive dead    Not wanted',
		'startup-web.service         loaded    active   exited  startup script web',
		'cloud-final.service         loaded    active   exited  Cloud-init: Final Stage',
		'user@1000.service           loaded    active   running User Manager for UID 1000',
		'dev-vda.device              loaded    active   plugged /dev/vda',
		'',
	].join('\n'),
	packages: [
		'Package: jq',
		'Status: install ok installed',
		'Version: 1.7.1-6+deb13u4',
		'Package: gone',
		'Status: deinstall ok config-files',
		'Version: 1.0-1',
		'',
	].join('\n'),
	passwd: 'root:x:0:0:root:/root:/bin/bash\nops:x:1000:1000::/home/ops:/bin/bash\n',
	group: 'root:x:0:\nshadow:x:42:\nsudo:x:27:ops\n',
	tcp: [
		'  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
		'   0: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 2524 1 0',
		'   1: 0100007F:1538 00000000:0000 0A 00000000:00000000 00:00000000 00000000   991        0 1548 1 0',
		'   2: 0B02000A:0016 0102000A:E92C 01 00000000:00000000 02:000AF8E2 00000000     0        0 2814 2 0',
		'',
	].join('\n'),
	tcp6: '   0: 00000000000000000000000000000000:0016 00000000000000000000000000000000:0000 0A 00000000:00000000 00:0 0 0\n',
	udp: [
		'   81: 0B02000A:0044 00000000:0000 07 00000000:00000000 00:00000000 00000000   998        0 1868 2 0 0',
		'   82: 00000000:D431 00000000:0000 07 00000000:00000000 00:00000000 00000000   998        0 1869 2 0 0',
		'',
	].join('\n'),
	udp6: '',
	route: [
		'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT',
		'enp0s3\t00000000\t0102000A\t0003\t0\t0\t1024\t00000000\t0\t0\t0',
		'enp0s3\t0002000A\t00000000\t0001\t0\t0\t1024\t00FFFFFF\t0\t0\t0',
		'enp0s3\t0102000A\t00000000\t0005\t0\t0\t1024\tFFFFFFFF\t0\t0\t0',
		'enp0s3\t0000490A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0',
		'',
	].join('\n'),
	fib_trie: [
		'Main:',
		'              +-- 10.0.2.0/28 2 0 2',
		'                 |-- 10.0.2.11',
		'                    /32 host LOCAL',
		'              |-- 10.0.2.255',
		'                 /32 link BROADCAST',
		'                 |-- 10.73.0.10',
		'                    /32 host LOCAL',
		'           |-- 127.0.0.1',
		'              /32 host LOCAL',
		'           |-- 192.0.2.7',
		'              /32 host LOCAL',
		'Local:',
		'                 |-- 10.0.2.11',
		'                    /32 host LOCAL',
		'',
	].join('\n'),
	if_inet6: [
		'fe80000000000000505400fffeb3eacd 02 40 20 80   enp0s3',
		'00000000000000000000000000000001 01 80 10 80       lo',
		'fd000000000000000000000000000010 02 40 00 80   enp0s3',
		'',
	].join('\n'),
	texts: '/etc/app.conf\0port = 1\nno\x1dsection\n\0',
};
