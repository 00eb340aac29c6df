/** What is seen of a node whose shell greets everybody and whose service dies and comes back. */
import test from 'ava';
import { addScript, addTest, editLab } from './support/labs.js';
import { makeSandbox } from './support/sandbox.js';
import { resultIn, runTool } from './support/tool.js';

const script = [
	"sed -i '1i echo Welcome to the lab.' /etc/bash.bashrc /home/ops/.bashrc",
	"unit() { printf '[Unit]\\nStartLimitIntervalSec=0\\n[Service]\\nExecStart=%s\\nRestart=always\\nRestartSec=500ms\\n' \"$2\" >/etc/systemd/system/$1.service; }",
	"unit importer \"/bin/sh -c 'sleep 2; echo no queue to read from >&2; exit 1'\"",
	"unit steady '/usr/bin/python3 -m http.server 8080'",
	'systemctl daemon-reload',
	'systemctl start importer steady',
];

test('a greeting changes no answer, and a service that is restarted for ever does not run', async (t) => {
	t.timeout(15 * 60_000);
	const sandbox = await makeSandbox(t);
	const lab = await editLab(sandbox, 'single', (plan) => {
		addScript(plan, 'box', 'services', script);
		addTest(plan, 'Holds', [
			{ type: 'service_running', on_vm: 'box', params: { service: 'steady' } },
			{ type: 'port_listening', on_vm: 'box', params: { port: 8080 } },
			{ type: 'command_output', on_vm: 'box', params: { command: 'echo "$HOME"', equals: '/root' } },
			{ type: 'user_exists', on_vm: 'box', params: { username: 'ops', groups: ['sudo'] } },
		]);
		addTest(plan, 'Flaps', [{ type: 'service_running', on_vm: 'box', params: { service: 'importer' } }]);
	});
	const ended = await runTool(sandbox, ['run', lab, '--json']);
	t.is(ended.status, 1, ended.stderr + ended.stdout);
	const { nodes, tests } = resultIn(ended);
	t.deepEqual(tests.map(({ name, status }) => [name, status]).slice(1), [['Holds', 'passed'], ['Flaps', 'failed']]);
	t.like(nodes[0]?.login, { user: 'ops', status: 'passed' });
	t.regex(ended.stderr, /importer\.service has ended and been restarted \d+ times; its last words: no queue to read from/);
});
