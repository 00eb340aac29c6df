import type { CommandResult } from '../machine/command-channel.js';
import { quote } from '../base/shell.js';
import { commandCheck, expected, judgement, sawEnding, type AssertionOf } from './check.js';

const query = (name: string): string => `dpkg-query -W -f '\${db:Status-Status} \${Version}\\n' -- ${quote(name)}`;

/** A package that dpkg(1) knows, on one architecture. */
interface KnownPackage {
	/** One of its states, such as `half-configured`. */
	readonly state: string;
	readonly version: string;
}

/** States in which a package can be used: others have only to be told that it is there. */
const usable = ['installed', 'triggers-pending', 'triggers-awaited'];

/** States in which nothing of it is there but, at most, its configuration. */
const absent = ['not-installed', 'config-files'];

/** What dpkg-query(1) knows; undefined when it failed. It exits with 1 when it knows no such package; any other status is a fault of its own. */
export function knownPackages({ exitCode, stdout }: CommandResult): KnownPackage[] | undefined {
	if (exitCode !== 0 && exitCode !== 1) return undefined;
	return stdout.split('\n').flatMap((line) => {
		const [state = '', version = ''] = line.split(' ');
		return state === '' ? [] : [{ state, version }];
	});
}

const described = (packages: readonly KnownPackage[]): string =>
	`version ${packages.map(({ state, version }) => (state === 'installed' ? version : `${version} (${state})`)).join(', ')}`;

/** A version prefix as people write it, who leave the epoch (`5:7.0.15` is version 7) out. */
const hasPrefix = (version: string, prefix: string): boolean =>
	version.startsWith(prefix) || version.replace(/^\d+:/, '').startsWith(prefix);

/** `package_installed`: `version` is a prefix of the installed one. */
export const packageInstalled = commandCheck<AssertionOf<'package_installed'>>({
	title: (assertion) => `package ${assertion.package} is installed`,
	probe: (assertion) => query(assertion.package),
	judge: (assertion, result) => {
		const { version = '' } = assertion;
		const what = `package ${assertion.package} ${version === '' ? '' : `${version}… `}installed`;
		const there = knownPackages(result)?.filter(({ state }) => !absent.includes(state));
		if (there === undefined) return expected(what, sawEnding(result));
		const passed = there.some((found) => usable.includes(found.state) && hasPrefix(found.version, version));
		return judgement(passed, what, there.length === 0 ? 'it not installed' : described(there));
	},
});

/** `package_not_installed`: neither installed nor half installed or half removed. */
export const packageNotInstalled = commandCheck<AssertionOf<'package_not_installed'>>({
	title: (assertion) => `package ${assertion.package} is not installed`,
	probe: (assertion) => query(assertion.package),
	judge: (assertion, result) => {
		const what = `package ${assertion.package} not installed`;
		const there = knownPackages(result)?.filter(({ state }) => !absent.includes(state));
		if (there === undefined) return expected(what, sawEnding(result));
		return judgement(there.length === 0, what, there.length === 0 ? 'none' : described(there));
	},
});
