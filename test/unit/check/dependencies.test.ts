/** Programs that packages bring by what they depend on need no package of their own. */
import test from 'ava';
import { checkText, withScripts } from './helpers.js';

const severities = (script: string, packages: readonly string[]): string[] =>
	checkText(withScripts([script], packages)).map(({ severity }) => severity);

for (const [packages, script] of [
	[['mariadb-server'], 'rsync a b; socat -V; lsof -v; killall x'],
	[['docker.io'], 'iptables -L'],
	[['ufw'], 'iptables -L; python3 -c 1'],
	[['build-essential'], 'bzip2 x; xz x; make; gcc x'],
	[['npm'], 'python3 -c 1; node x'],
	[['podman'], 'iptables -L'],
	[['postgresql'], 'openssl version'],
] as const) {
	test(`what ${packages.join()} brings by what it depends on`, (t) => t.deepEqual(severities(script, packages), []));
}

test('what none of them brings is missing', (t) => {
	t.deepEqual(severities('jq . x', ['mariadb-server', 'docker.io', 'postgresql', 'npm', 'podman', 'ufw', 'build-essential']), ['error']);
	t.deepEqual(severities('rsync a b', ['mariadb-client']), ['error']);
	t.deepEqual(severities('openssl version', ['apache2']), ['error']);
});
