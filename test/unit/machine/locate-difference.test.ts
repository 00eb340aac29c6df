import test from 'ava';
import type { Difference } from '../../../src/lab/state-snapshot.js';
import { locateDifference } from '../../../src/machine/locate-difference.js';

const script = `#!/bin/sh
# writes /etc/hosts
cat /etc/hosts
echo '10.0.0.1 web' >>/etc/hosts
cd /etc/postgresql/*/main
echo "$access" >>pg_hba.conf
useradd app
systemctl enable --now web
ip addr add 10.80.0.10/24 dev "$IFACE"
nc -lp 8080 &
`;

const isOn = test.macro((t, difference: Partial<Difference>, line: number | undefined) => {
	const whole: Difference = { kind: 'file', subject: '', change: 'changed', ...difference };
	t.is(locateDifference(whole, script).line, line);
});

test('a file is where it is appended to, rather than where it is read', isOn, { subject: '/etc/hosts' }, 4);
test('a file that is reached by its name only', isOn, { subject: '/etc/postgresql/17/main/pg_hba.conf' }, 6);
test('a file that no line names', isOn, { subject: '/etc/other' }, undefined);
test('a comment is no command', isOn, { subject: '/etc/host' }, undefined);
test('a user', isOn, { kind: 'user', subject: 'app' }, 7);
test('a unit without its suffix', isOn, { kind: 'unit', subject: 'web.service' }, 8);
test('an address', isOn, { kind: 'address', subject: '10.80.0.10/24 on enp0s3' }, 9);
test('a port', isOn, { kind: 'port', subject: 'tcp 0.0.0.0:8080' }, 10);
test('a part of a number is none', isOn, { kind: 'port', subject: 'tcp 0.0.0.0:80' }, undefined);
