/** What a compact lab may not do: install, add repositories, fetch. */
import { isInside, parseCidr, uplink } from '../../lab/addressing.js';
import type { ShellCommand } from '../../shell/script.js';
import { isPrivateName } from '../outside.js';
import type { CheckContext } from './context.js';
import { findHosts } from './hosts.js';
import type { RuleId } from './table.js';

/** Programs that install something, with the subcommand or option that makes them do it. */
const installers: Readonly<Record<string, RegExp>> = {
	'apt': /^(?:install|reinstall|update|upgrade|full-upgrade|build-dep|download|source)$/,
	'apt-get': /^(?:install|reinstall|update|upgrade|dist-upgrade|build-dep|download|source)$/,
	'aptitude': /^(?:install|reinstall|update|safe-upgrade|full-upgrade|build-dep|download)$/,
	'dpkg': /^(?:-i|--install|--unpack)$/,
	'pip': /^(?:install|download)$/,
	'pip3': /^(?:install|download)$/,
	'python3': /^(?:pip|ensurepip)$/,
	'pipx': /^install$/,
	'uv': /^(?:pip|sync|add|tool)$/,
	'conda': /^(?:install|create)$/,
	'npm': /^(?:install|i|ci|add|update)$/,
	'pnpm': /^(?:install|i|add)$/,
	'yarn': /^(?:install|add)$/,
	'gem': /^install$/,
	'cargo': /^install$/,
	'go': /^(?:install|get)$/,
	'snap': /^(?:install|refresh)$/,
	'flatpak': /^install$/,
	'docker': /^(?:pull|run|build|compose|load)$/,
	'podman': /^(?:pull|run|build|compose|load)$/,
};

/** Where apt looks for repositories and their keys. */
const repositoryPath = /^\/etc\/apt\/(?:sources\.list|keyrings|trusted\.gpg)|^\/usr\/share\/keyrings\//;
const repositoryTools = ['add-apt-repository', 'apt-add-repository', 'apt-key', 'extrepo'];
const readers = ['cat', 'ls', 'grep', 'test', '[', '[[', 'head', 'tail', 'stat', 'rm', 'find'];

/** Reports what is forbidden. The rules are for compact labs; the context passes over them for others. */
export function checkForbidden(context: CheckContext): void {
	if (!context.isCompact) return;
	const isInLab = labHosts(context);
	for (const script of context.scripts) {
		for (const command of script.analysis.commands) {
			const hosts = findHosts(command, script.analysis.variables);
			const outside = hosts.find((host) => !isInLab(host));
			for (const { rule, message, fix } of judge(command, outside)) {
				context.reportInScript(rule, script, command.line, message, fix);
			}
		}
	}
}

interface Offence {
	readonly rule: RuleId;
	readonly message: string;
	readonly fix: string;
}

/** What is forbidden about one command; `outside` is a host that it talks to and that is not of the lab. */
function* judge(command: ShellCommand, outside: string | undefined): Generator<Offence> {
	const { name, words } = command;
	if (isInstall(command)) {
		const what = words.slice(0, 2).map(({ text }) => text).join(' ');
		const fix = 'declare it in the packages of the recipe';
		yield { rule: 'script-forbidden-install', message: `${what} installs software`, fix };
	}
	if (addsRepository(command)) {
		const message = `${name} changes where packages come from`;
		yield { rule: 'script-forbidden-repository', message, fix: "use Debian's own packages" };
	}
	if (outside !== undefined) {
		const message = `${name} reaches for ${outside}, outside the lab`;
		yield { rule: 'script-forbidden-download', message, fix: 'write what is needed with a here-document' };
	}
}

function isInstall({ name, words }: ShellCommand): boolean {
	if (name === undefined) return false;
	if (name === 'npx' || name === 'easy_install') return true;
	if (name === 'python3' && words[1]?.value !== '-m') return false;
	const trigger = Object.hasOwn(installers, name) ? installers[name] : undefined;
	return trigger !== undefined && words.slice(1).some(({ value }) => trigger.test(value));
}

function addsRepository({ name, words, writes }: ShellCommand): boolean {
	if (writes.some(({ value }) => repositoryPath.test(value))) return true;
	if (name === undefined || readers.includes(name)) return false;
	return repositoryTools.includes(name) || words.some(({ value }) => repositoryPath.test(value));
}

/** Tells apart the hosts of the lab, loopback included, and all others. */
function labHosts(context: CheckContext): (host: string) => boolean {
	const { nodes } = context.document;
	const subnets = ['127.0.0.0/8', uplink.subnet, ...nodes.flatMap(({ alias }) => alias.flatMap((one) => parseCidr(one)?.subnet ?? []))];
	const names = new Set(['localhost', '0', 'ip6-localhost', '::1', '0.0.0.0', ...nodes.map(({ name }) => name)]);
	return (host) => names.has(host.toLowerCase()) || isPrivateName(host) || subnets.some((subnet) => isInside(host, subnet));
}
