import type { CommandResult } from '../machine/command-channel.js';
import { quote } from '../base/shell.js';
import { commandCheck, expected, judgement, sawEnding, type AssertionOf } from './check.js';

const query = (name: string): string => `dpkg-query -W -f '\${db:Status-Status} \${Version}\\n' -- ${quote(name)}`;

/**
 * The versions installed of a package (one an architecture); undefined when dpkg-query(1) failed. It exits with 1 when it
 * knows no such package; any other status is a fault of its own.
 */
export function installedVersions({ exitCode, stdout }: CommandResult): string[] | undefined {
	if (exitCode !== 0 && exitCode !== 1) return undefined;
	return stdout.split('\n').flatMap((line) => {
		const [status, version] = line.split(' ');
		return status === 'installed' && version !== undefined ? [version] : [];
	});
}

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
		const versions = installedVersions(result);
		if (versions === undefined) return expected(what, sawEnding(result));
		const passed = versions.some((installed) => hasPrefix(installed, version));
		return judgement(passed, what, versions.length === 0 ? 'it not installed' : `version ${versions.join(', ')}`);
	},
});

/** `package_not_installed`: neither installed nor half removed. */
export const packageNotInstalled = commandCheck<AssertionOf<'package_not_installed'>>({
	title: (assertion) => `package ${assertion.package} is not installed`,
	probe: (assertion) => query(assertion.package),
	judge: (assertion, result) => {
		const what = `package ${assertion.package} not installed`;
		const versions = installedVersions(result);
		if (versions === undefined) return expected(what, sawEnding(result));
		return judgement(versions.length === 0, what, versions.length === 0 ? 'none' : `version ${versions.join(', ')}`);
	},
});
