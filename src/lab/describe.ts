/** Parts of a lab as people read them. */
import type { Assertion, CommandExpectation } from './lab.js';

/** An assertion in one line: `immich-server: port 2283/tcp listens`. */
export const assertionTitle = (assertion: Assertion): string => `${assertion.onVm}: ${claimOf(assertion)}`;

function claimOf(assertion: Assertion): string {
	switch (assertion.type) {
		case 'port_listening': {
			const where = assertion.address === undefined ? '' : ` on ${assertion.address}`;
			return `port ${assertion.port}/${assertion.protocol} listens${where}`;
		}
		case 'command_output':
			return `command \`${oneLine(assertion.command)}\` ${expectationOf(assertion.expect)}`;
		case 'http_responds': {
			const request = assertion.method === 'GET' ? assertion.url : `${assertion.method} ${assertion.url}`;
			return `${request} answers ${assertion.status}${containing(assertion.contains)}`;
		}
		case 'user_exists':
			return `user ${assertion.username} exists${traits({
				groups: assertion.groups?.join(', '),
				shell: assertion.shell,
				home: assertion.home,
			})}`;
		case 'group_exists':
			return `group ${assertion.name} exists${traits({ gid: assertion.gid })}`;
		case 'service_running':
			return `service ${assertion.service} runs`;
		case 'service_enabled':
			return `service ${assertion.service} is enabled`;
		case 'process_running':
			return `process ${assertion.name} runs${traits({ user: assertion.user, count: assertion.count })}`;
		case 'package_installed':
			return `package ${assertion.package} is installed${traits({ version: assertion.version })}`;
		case 'package_not_installed':
			return `package ${assertion.package} is not installed`;
		case 'file_exists': {
			const { mode, owner, group } = assertion;
			return `file ${assertion.path} exists${traits({ mode, owner, group })}${containing(assertion.contains)}`;
		}
		case 'network_reachable':
			return `${assertion.host}${assertion.port === undefined ? '' : `:${assertion.port}`} is reachable`;
		case 'vm_boots':
			return 'boots';
	}
}

/** What a command's output must be: `prints "PONG"`, with the exit status where it is not 0. */
function expectationOf(expect: CommandExpectation): string {
	const claims = [
		...(expect.contains === undefined ? [] : [`prints ${JSON.stringify(expect.contains)}`]),
		...(expect.equals === undefined ? [] : [`prints exactly ${JSON.stringify(expect.equals)}`]),
		...(expect.matches === undefined ? [] : [`prints what matches /${expect.matches}/`]),
	];
	if (expect.exitCode !== 0 || claims.length === 0) claims.push(`exits ${expect.exitCode}`);
	return claims.join(' and ');
}

const containing = (text: string | undefined): string =>
	text === undefined ? '' : ` and contains ${JSON.stringify(text)}`;

/** ` (mode 0750, owner ops)`; nothing when no trait is asked for. */
function traits(values: Readonly<Record<string, string | number | undefined>>): string {
	const asked = Object.entries(values).filter(([, value]) => value !== undefined);
	return asked.length === 0 ? '' : ` (${asked.map(([name, value]) => `${name} ${value}`).join(', ')})`;
}

/** The first line of a command that has several. */
function oneLine(command: string): string {
	const [first = '', ...rest] = command.trim().split('\n');
	return rest.length === 0 ? first : `${first} …`;
}
