/** The hosts that a command talks to, as far as its words name them. */
import { filledIn } from '../../shell/filled-in.js';
import type { ShellCommand } from '../../shell/script.js';

/** How the operands of a program name hosts. */
interface Client {
	/** Options that take the next word as their value. */
	readonly valued?: RegExp;
	/** `url`: operands are URLs, with or without scheme; `remote`: URLs or `host:path`; `host`: the first is a host. */
	readonly operands: 'url' | 'remote' | 'host';
	/** Only this subcommand reaches for a host. */
	readonly subcommand?: RegExp;
	/** With this option the program only listens. */
	readonly listens?: RegExp;
}

/** Options that take the next word as their value: letters, also the last of several (`-so file`; `-sofile` has it), and long ones. */
export const valued = (letters: string, long = '(?!)'): RegExp => new RegExp(`^(?:-[^-${letters}]*[${letters}]|--(?:${long}))$`);

const netcat: Client = { operands: 'host', valued: valued('eIiMmOPpqsTVWwXx'), listens: /^-[a-zA-Z]*l/ };

const clients: Readonly<Record<string, Client>> = {
	curl: {
		operands: 'url',
		valued: valued(
			'AbcCdDeEFHKmoPQrtTuUwxXyYz',
			'output(?:-dir)?|data(?:-\\w+)?|json|header|request(?:-target)?|user(?:-agent)?|form(?:-string)?|write-out' +
				'|cookie(?:-jar)?|dump-header|config|upload-file|referer|range|continue-at|netrc-file|stderr|trace(?:-ascii)?' +
				'|resolve|connect-to|noproxy|proxy-user|interface|unix-socket|local-port|proto(?:-\\w+)?|limit-rate|url-query' +
				'|max-(?:time|redirs|filesize)|connect-timeout|expect100-timeout|keepalive-time|speed-\\w+|retry(?:-delay|-max-time)?' +
				'|cacert|capath|cert(?:-type)?|key(?:-type)?|pass|ciphers|tls-max|pinnedpubkey|oauth2-bearer',
		),
	},
	wget: {
		operands: 'url',
		valued: valued(
			'OPTtUoaeiwQDRAl',
			'output-(?:document|file)|append-output|directory-prefix|(?:\\w+-)?timeout|tries|wait(?:retry)?|limit-rate|quota' +
				'|header|user-agent|referer|method|(?:post|body)-(?:data|file)|(?:http-)?(?:user|password)|(?:load|save)-cookies' +
				'|ca-certificate|ca-directory|certificate|private-key|input-file|level|accept|reject',
		),
	},
	aria2c: { operands: 'url', valued: valued('dox') },
	git: {
		operands: 'remote',
		subcommand: /^(?:clone|fetch|pull|ls-remote|submodule)$/,
		valued: valued('bCco', 'branch|depth'),
	},
	scp: { operands: 'remote', valued: valued('cFiloPS') },
	rsync: { operands: 'remote', valued: valued('e') },
	nc: netcat,
	netcat,
	ncat: netcat,
	telnet: { operands: 'host' },
	ssh: { operands: 'host', valued: valued('bcDEeFIiJLlmOopQRSWw') },
	sftp: { operands: 'remote', valued: valued('BbcDFiloPRSs') },
};

/**
 * The hosts that a known network client is to talk to by its arguments, in lower case. Variables that the script sets
 * to a fixed value are followed; a host that is only known at run time is left out.
 */
export function findHosts(command: ShellCommand, variables: ReadonlyMap<string, string>): string[] {
	const { name } = command;
	const client = name !== undefined && Object.hasOwn(clients, name) ? clients[name] : undefined;
	if (!client) return [];
	const words = command.words.slice(1).map(({ value, dynamic }) => (dynamic ? filledIn(value, variables) : value));
	if (client.listens && words.some((word) => client.listens?.test(word))) return [];
	const operands = words.filter((word, index) => !/^-./.test(word) && !client.valued?.test(words[index - 1] ?? ''));
	if (client.subcommand) {
		const subcommand = operands.shift() ?? '';
		if (!client.subcommand.test(subcommand)) return [];
	}
	const candidates = client.operands === 'host' ? operands.slice(0, 1) : operands;
	return candidates.flatMap((operand) => hostOf(operand, client.operands) ?? []);
}

function hostOf(operand: string, kind: Client['operands']): string | undefined {
	const url = /^(?:[a-z][a-z0-9+.-]*):\/\/(?:[^@/]*@)?(\[[^\]]*\]|[^:/?#]*)/i.exec(operand)?.[1];
	const remote = kind === 'remote' ? /^(?:[^@/]*@)?([\w.-]+):/.exec(operand)?.[1] : undefined;
	const bare = kind === 'remote' ? undefined : /^(?:[^@/]*@)?(\[[^\]]*\]|[^:/?#]*)/.exec(operand)?.[1];
	const host = (url ?? remote ?? bare)?.replace(/^\[|\]$/g, '').toLowerCase();
	return host === undefined || !/^[\w.:-]+$/.test(host) ? undefined : host;
}
