/** The files that apply a recipe's settings of the SSH server and of the firewall, in a rehearsal and in an ISO. */
import type { LabNode, SshSettings } from '../lab/lab.js';

/** A file of the system, as an entry of cloud-init's `write_files` has it. */
interface SettingFile {
	readonly path: string;
	readonly permissions: string;
	readonly content: string;
}

/** A boolean as sshd_config(5) spells it. */
export const yesNo = (value: boolean): string => (value ? 'yes' : 'no');

/** The files that a node's recipe adds to those that every node has. */
export const settingFiles = ({ ssh, firewall }: Pick<LabNode, 'ssh' | 'firewall'>): readonly SettingFile[] => [
	// The first value that sshd reads counts, and it reads these files by their names.
	...(ssh ? [{ path: '/etc/ssh/sshd_config.d/40-recipe.conf', permissions: '0600', content: sshdConfig(ssh) }] : []),
	...(firewall ? [{ path: '/etc/nftables.conf', permissions: '0755', content: ruleset(firewall) }] : []),
];

const sshdConfig = (settings: SshSettings): string =>
	[
		`Port ${settings.port}`,
		`PermitRootLogin ${yesNo(settings.allowRoot)}`,
		`PasswordAuthentication ${yesNo(settings.passwords)}`,
		`PermitEmptyPasswords ${yesNo(settings.emptyPasswords)}`,
		`LoginGraceTime ${settings.loginGraceSeconds}`,
		`ClientAliveInterval ${settings.clientAliveSeconds}`,
		`MaxAuthTries ${settings.maxAuthTries}`,
		'',
	].join('\n');

/**
 * Lets in what was asked for and what answers, and drops the rest (nft(8)). The lease is renewed by unicast and broadcast.
 * Only its own table is made anew: it comes when other services have theirs, and Docker starts no container without its own.
 */
const ruleset = ({ tcp, udp }: NonNullable<LabNode['firewall']>): string =>
	[
		'#!/usr/sbin/nft -f',
		'add table inet filter',
		'delete table inet filter',
		'',
		'table inet filter {',
		'\tchain input {',
		'\t\ttype filter hook input priority filter; policy drop;',
		'\t\tct state established,related accept',
		'\t\tiifname "lo" accept',
		// ICMP and ICMPv6 by number: their names are in /etc/protocols, whose package (netbase) a recipe need not have.
		'\t\tmeta l4proto { 1, 58 } accept',
		'\t\tudp sport 67 udp dport 68 accept',
		...(tcp.length > 0 ? [`\t\ttcp dport { ${tcp.join(', ')} } accept`] : []),
		...(udp.length > 0 ? [`\t\tudp dport { ${udp.join(', ')} } accept`] : []),
		'\t}',
		'}',
		'',
	].join('\n');
