/** Every combination of users that `check` accepts is one that cloud-init takes: its own schema of a user, key by key. */
import test from 'ava';
import { readGuestDefinition } from '../../../src/image/guest.js';
import { hasErrors } from '../../../src/plan/check.js';
import { resolveLab } from '../../../src/plan/resolve.js';
import { buildSeedFiles } from '../../../src/seed/content.js';
import { checkText, readText, sourceOf } from '../check/helpers.js';

const guest = await readGuestDefinition();
const general = readText('good/general.yaml');
const isText = (value: unknown): boolean => typeof value === 'string';
const isFilledList = (value: unknown): boolean => Array.isArray(value) && value.length > 0 && value.every(isText);

/**
 * What cloud-init 25.1 takes in a user (`users_groups.user` in schema-cloud-config-v1.json), of the keys that a seed has. A
 * list that is empty is against it, and with it all users.
 */
const schema: Readonly<Record<string, (value: unknown) => boolean>> = {
	name: isText,
	groups: (value) => isText(value) || isFilledList(value),
	shell: isText,
	homedir: isText,
	gecos: isText,
	ssh_authorized_keys: isFilledList,
	lock_passwd: (value) => typeof value === 'boolean',
	hashed_passwd: isText,
};

const key = `ssh-ed25519 ${'A'.repeat(68)} ops`;
const choices: Readonly<Record<string, readonly unknown[]>> = {
	groups: [undefined, [], ['sudo'], ['sudo', 'adm', 'web-team']],
	shell: [undefined, '/bin/bash', '/usr/sbin/nologin'],
	home: [undefined, '/srv/ops'],
	comment: [undefined, '', 'Ann Operator, Room 5'],
	ssh_keys: [undefined, [], [key, `command="true" ${key}`]],
};

/** With each of them a user of each kind: hashing one takes milliseconds. */
const passwords = ['secret-word', '0123', 'mit "Zeichen": #\' ü', ''];

/** Every combination of the values. */
const withoutPassword = Object.entries(choices).reduce<readonly Readonly<Record<string, unknown>>[]>(
	(all, [name, values]) => all.flatMap((user) => values.map((value) => (value === undefined ? user : { ...user, [name]: value }))),
	[{ username: 'ops' }],
);
const combinations = [...withoutPassword, ...passwords.flatMap((password) => withoutPassword.filter((_user, index) => index % 31 === 0).map((user) => ({ ...user, password })))];

const seedUsers = (users: readonly object[]): readonly Readonly<Record<string, unknown>>[] => {
	const source = sourceOf(planOf(users));
	const [node] = resolveLab(source, guest).nodes;
	if (!node) throw new Error('the lab has no node');
	const files = buildSeedFiles({ node, hostKey: { privateKey: '', publicKey: '' }, guestFiles: {}, scriptDeadlineSeconds: () => 1, isTraced: () => false });
	return (JSON.parse(String(files['user-data']).replace(/^#.*\n/, '')) as { users: Readonly<Record<string, unknown>>[] }).users;
};
const planOf = (users: readonly object[]): string => general.replace(/users: .*/, () => `users: ${JSON.stringify(users)}`);

test('every combination', (t) => {
	let accepted = 0;
	for (const user of combinations) {
		const findings = checkText(planOf([user, { username: 'other' }]));
		if (hasErrors(findings)) continue;
		accepted++;
		for (const built of seedUsers([user, { username: 'other' }])) {
			const wrong = Object.entries(built).filter(([name, value]) => schema[name]?.(value) !== true);
			t.deepEqual(wrong, [], JSON.stringify(user));
			t.true(isText(built['name']));
			t.is(built['lock_passwd'], !('hashed_passwd' in built), JSON.stringify(user));
		}
	}
	t.is(withoutPassword.length, 4 * 3 * 2 * 3 * 3);
	t.is(combinations.length, withoutPassword.length + 4 * 7);
	t.true(accepted >= (combinations.length * 4) / 5, `${accepted} of ${combinations.length} are accepted`);
});

test('a lab without users', (t) => {
	t.deepEqual(seedUsers([]), []);
});
