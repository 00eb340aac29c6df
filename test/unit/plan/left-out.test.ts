/** What a plan asks for that a rehearsal does not do is reported once, by its place. */
import { join, resolve } from 'node:path';
import test from 'ava';
import { readGuestDefinition } from '../../../src/image/guest.js';
import { checkPlan } from '../../../src/plan/check.js';
import { readPlan } from '../../../src/plan/read.js';
import { resolveLab } from '../../../src/plan/resolve.js';
import { renderLeftOut } from '../../../src/report/findings.js';
import { matchesGolden } from '../base/golden.js';
import { read, single } from './plans.js';

const guest = await readGuestDefinition();

const recipe = test.macro({
	title: (_title, name: string) => `the ${name} recipe of OpenFactory has no finding, and its notes`,
	async exec(t, name: string) {
		const source = await readPlan(join(resolve('test', 'recipes', name), 'plan.yaml'));
		t.deepEqual(checkPlan(source, guest.features), []);
		matchesGolden(t, `plan/golden/left-out.${name}.txt`, renderLeftOut(resolveLab(source, guest).leftOut));
	},
});
test(recipe, 'canonical');
test(recipe, 'reference');

const leavesOut = test.macro({
	title: (_title, keys: object) => JSON.stringify(keys),
	async exec(t, keys: Readonly<Record<string, unknown>>, expected: readonly string[]) {
		const { leftOut } = resolveLab(await read(t, single({}, keys)), guest);
		t.deepEqual(leftOut.map(({ path }) => path.replace('nodes[0].recipe.', '')), expected);
		for (const { why } of leftOut) t.regex(why, /^\S.*\S$/);
	},
});
test(leavesOut, { custom_packages: [{ name: 'x' }] }, ['custom_packages']);
test(leavesOut, { customPackages: [{ name: 'x' }], extraRepos: ['deb x'] }, ['customPackages', 'extraRepos']);
test(leavesOut, { os: { security: { hardeningLevel: 'strict' } } }, ['os.security.hardeningLevel']);
test(leavesOut, { custom_packages: [], extra_repos: null, desktop: {}, security: { audit_logging: false } }, []);
test(leavesOut, { features: ['desktop-xfce', 'ssh'] }, ['features[0]']);
test(leavesOut, { services: [{ name: 'dns', config: { forwarders: [] } }, 'ssh'] }, ['services[0]']);
test(leavesOut, { services: [{ name: 'nginx', config: {} }] }, []);
test(leavesOut, { services: ['nodejs', 'git', 'redis', 'sshd'] }, ['services[0]', 'services[1]']);
test(leavesOut, { services: ['python', 'headless', 'firewall', 'monitoring'] }, ['services[0]', 'services[1]']);
test(leavesOut, { services: [{ name: 'firewall', config: { allow: [80] } }] }, ['services[0].config']);
test(leavesOut, { features: ['ssh'], security: { ssh: false } }, ['security.ssh']);
test(leavesOut, { package_overrides: [{ name: 'systemd', action: 'remove' }] }, ['package_overrides[0]']);
test(leavesOut, { package_overrides: ['python3', 'locales', 'python3-yaml', 'openssl', 'nano'].map((name) => ({ name, action: 'remove' })) }, [0, 1, 2, 3].map((index) => `package_overrides[${index}]`));
test(leavesOut, { users: [{ username: 'www-data', home: '/srv/www' }, { username: 'root', home: '/root' }, { username: 'ops', home: '/srv/ops' }] }, ['users[0].home']);
test(leavesOut, { users: [{ username: 'ops', vyattaLevel: 'admin' }] }, ['users[0].vyattaLevel']);

test('a feature that is misspelt is reported with the one that was meant', async (t) => {
	const { leftOut } = resolveLab(await read(t, single({}, { features: ['postgresq'] })), guest);
	t.regex(leftOut[0]?.why ?? '', /did you mean "postgresql"\?$/);
});
