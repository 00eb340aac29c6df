/** Which commands of a shell script may cut their machine off from its network, and how. */
import { analyseScript, type ShellCommand } from './script.js';

/** What a command cuts off: the interface, an address of it, a route, or what the firewall lets through. */
export type CutKind = 'link' | 'address' | 'route' | 'firewall';

const networkUnits = /^(?:systemd-networkd|networking|NetworkManager)(?:\.service|\.socket)?$/;
const firewallUnits = /^(?:nftables|ufw|firewalld|netfilter-persistent)(?:\.service)?$/;

/** What a command may cut off; nothing for one that cuts nothing off. */
export function cutOf({ name, words }: Pick<ShellCommand, 'name' | 'words'>): CutKind | undefined {
	const given = words.slice(1).map(({ value }) => value);
	switch (name) {
		case 'ip':
			return cutOfIp(given.filter((word, index) => !word.startsWith('-') && !/^-(?:f|family|n|netns)$/.test(given[index - 1] ?? '')));
		case 'ifdown':
			return 'link';
		case 'ifconfig':
			return given.includes('down') ? 'link' : given.includes('0.0.0.0') || given.includes('0') ? 'address' : undefined;
		case 'networkctl':
			return given.includes('down') || given.includes('delete') ? 'link' : undefined;
		case 'nmcli':
			return given.some((word) => /^(?:down|off|disconnect|delete)$/.test(word)) ? 'link' : undefined;
		case 'iptables':
		case 'iptables-nft':
		case 'iptables-legacy':
			return given.some((word) => /^-(?:[AIPRFX]|-append|-insert|-policy)/.test(word)) ? 'firewall' : undefined;
		case 'nft':
			return given.some((word) => /^(?:-f|--file|add|insert|create|replace)\b/.test(word)) ? 'firewall' : undefined;
		case 'iptables-restore':
			return 'firewall';
		case 'ufw':
			return given.some((word) => /^(?:enable|deny|reject|default|reload)$/.test(word)) ? 'firewall' : undefined;
		case 'firewall-cmd':
			return given.some((word) => /^--(?:set|add|remove|panic|reload)/.test(word)) ? 'firewall' : undefined;
		case 'systemctl': {
			const [verb = '', ...units] = given.filter((word) => !word.startsWith('-'));
			if (/^(?:stop|mask|disable|kill)$/.test(verb) && units.some((unit) => networkUnits.test(unit))) return 'link';
			return /^(?:start|restart|reload|enable|reload-or-restart)$/.test(verb) && units.some((unit) => firewallUnits.test(unit)) ? 'firewall' : undefined;
		}
		default:
			return undefined;
	}
}

/** ip(8) takes any beginning of a word of its own. */
function cutOfIp([object = '', verb = '', ...rest]: readonly string[]): CutKind | undefined {
	const is = (word: string, ...whole: string[]): boolean => word !== '' && whole.some((one) => one.startsWith(word));
	const takesAway = is(verb, 'delete') || is(verb, 'flush');
	if (is(object, 'link')) return (is(verb, 'set') && (rest.includes('down') || rest.includes('netns'))) || is(verb, 'delete') ? 'link' : undefined;
	if (is(object, 'address')) return takesAway ? 'address' : undefined;
	if (!is(object, 'route')) return undefined;
	return takesAway || rest.some((word) => /^(?:blackhole|unreachable|prohibit)$/.test(word)) ? 'route' : undefined;
}

/** What a command, as a shell traced it, may cut off: `sudo ip link set eth0 down`. */
export function cutOfText(command: string): CutKind | undefined {
	for (const each of analyseScript(command).commands) {
		const kind = cutOf(each);
		if (kind) return kind;
	}
	return undefined;
}
