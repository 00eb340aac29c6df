import { quote } from '../base/shell.js';
import { commandCheck, expected, judgement, sawEnding, type AssertionOf } from './check.js';

/** getent(1) exits with 2 when the database has no such key. */
const unknownKey = 2;

/** `user_exists`: the account, and whatever of it the assertion names. */
export const userExists = commandCheck<AssertionOf<'user_exists'>>({
	title: ({ username }) => `user ${username} exists`,
	probe: ({ username }) => {
		const name = quote(username);
		return `getent passwd -- ${name} && id -nG -- ${name}`;
	},
	judge: ({ username, groups = [], shell, home }, result) => {
		const demands = [
			...(groups.length > 0 ? [`in ${groups.join(', ')}`] : []),
			...(shell === undefined ? [] : [`with shell ${shell}`]),
			...(home === undefined ? [] : [`with home ${home}`]),
		];
		const what = [`user ${username}`, ...demands].join(' ');
		const [account = '', memberOf = ''] = result.stdout.split('\n');
		// name:password:uid:gid:comment:home:shell (passwd(5)); getent takes a uid for a key as well.
		const [name, , , , , hasHome = '', hasShell = ''] = account.split(':');
		if (name !== username) return expected(what, result.exitCode === unknownKey ? 'no such user' : sawEnding(result));
		const hasGroups = memberOf.split(' ').filter(Boolean);
		const passed =
			groups.every((group) => hasGroups.includes(group)) &&
			(shell === undefined || shell === hasShell) &&
			(home === undefined || home === hasHome);
		const saw = `it in ${hasGroups.join(', ') || 'no group'} with shell ${hasShell} and home ${hasHome}`;
		return judgement(passed, what, saw);
	},
});

/** `group_exists`: the group, and its id where the assertion names one. */
export const groupExists = commandCheck<AssertionOf<'group_exists'>>({
	title: ({ name }) => `group ${name} exists`,
	probe: ({ name }) => `getent group -- ${quote(name)}`,
	judge: ({ name, gid }, result) => {
		const what = `group ${name}${gid === undefined ? '' : ` with gid ${gid}`}`;
		// name:password:gid:members (group(5))
		const [found, , hasGid] = (result.stdout.split('\n')[0] ?? '').split(':');
		if (found !== name) return expected(what, result.exitCode === unknownKey ? 'no such group' : sawEnding(result));
		return judgement(gid === undefined || Number(hasGid) === gid, what, `it with gid ${hasGid}`);
	},
});
