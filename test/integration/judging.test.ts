/**
 * What is seen of a node whose shell greets everybody and whose service dies and comes back, in a job of GitLab as
 * bin/help/ci.md has it.
 */
import { mkdir, readFile, rename, stat, symlink } from 'node:fs/promises';
import path from 'node:path';
import test from 'ava';
import type { RunResult } from '../../src/outcome/result.js';
import { gitlabJob, shells } from '../process/cli/workflows.js';
import { addScript, addTest, editLab } from './support/labs.js';
import { makeSandbox } from './support/sandbox.js';
import { runStep } from './support/tool.js';

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
	const job = path.join(sandbox.path, 'job');
	await mkdir(job);
	await rename(lab, path.join(job, 'my-lab'));
	await symlink(process.cwd(), path.join(job, '.rehearse'));
	const { script: lines, artifacts } = gitlabJob();
	const ended = await runStep(sandbox, job, shells.gitlab(lines), { CI: 'true', GITLAB_CI: 'true', CI_PROJECT_DIR: job });
	t.is(ended.status, 1, ended.stderr + ended.stdout);
	for (const file of [...artifacts.paths, ...Object.values(artifacts.reports)]) t.true((await stat(path.join(job, file))).size > 0, file);
	const quality = JSON.parse(await readFile(path.join(job, artifacts.reports['codequality'] ?? ''), 'utf8')) as readonly { readonly severity: string; readonly location: object }[];
	t.deepEqual(quality.filter(({ severity }) => severity === 'critical').map(({ location }) => Object.keys(location)), [['path', 'lines']]);
	t.like(quality[0]?.location, { path: 'my-lab/plan.json' });
	const [run = ''] = await sandbox.runs();
	const { nodes, tests } = JSON.parse(await readFile(path.join(run, 'result.json'), 'utf8')) as RunResult;
	t.deepEqual(tests.map(({ name, status }) => [name, status]).slice(1), [['Holds', 'passed'], ['Flaps', 'failed']]);
	t.like(nodes[0]?.login, { user: 'ops', status: 'passed' });
	t.regex(ended.stderr, /importer\.service has ended and been restarted \d+ times; its last message: no queue to read from/);
});
