import test from 'ava';
import { cutOfText, type CutKind } from '../../../src/shell/network-commands.js';

const cuts = test.macro({
	title: (_title, command: string, kind: CutKind | undefined) => `${command} may take away: ${kind ?? 'nothing'}`,
	exec: (t, command: string, kind: CutKind | undefined) => t.is(cutOfText(command), kind),
});

const table: Readonly<Record<string, CutKind | undefined>> = {
	'ip link set enp0s2 down': 'link',
	'ip link set dev enp0s2 down': 'link',
	'sudo ip l set enp0s2 down': 'link',
	'ip link del enp0s2': 'link',
	'ip link set enp0s2 netns blue': 'link',
	'ifdown enp0s2': 'link',
	'ifconfig enp0s2 down': 'link',
	'systemctl stop systemd-networkd': 'link',
	'nmcli networking off': 'link',
	'ip addr flush dev enp0s2': 'address',
	'ip -4 a d 10.74.0.14/24 dev enp0s2': 'address',
	'ip address del 10.74.0.14/24 dev enp0s2': 'address',
	'ip route del default': 'route',
	'ip r add blackhole 10.74.0.0/24': 'route',
	'iptables -P INPUT DROP': 'firewall',
	'iptables -A INPUT -p tcp --dport 80 -j DROP': 'firewall',
	'nft -f /etc/nftables.conf': 'firewall',
	'nft add rule inet filter input drop': 'firewall',
	'ufw --force enable': 'firewall',
	'systemctl restart nftables': 'firewall',
	'systemctl enable --now nftables.service': 'firewall',
	'ip link set enp0s2 up': undefined,
	'ip addr add 10.74.0.14/24 dev enp0s2': undefined,
	'ip route show default': undefined,
	'ip link': undefined,
	'iptables -L': undefined,
	'iptables -S INPUT': undefined,
	'nft list ruleset': undefined,
	'ufw status': undefined,
	'systemctl restart nginx': undefined,
	'echo ip link set enp0s2 down': undefined,
};
for (const [command, kind] of Object.entries(table)) test(cuts, command, kind);
