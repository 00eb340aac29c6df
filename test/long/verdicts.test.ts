/** What scripts do to the machines that they run in is the lab's doing, and reported with the line that did it. */
import test, { type ExecutionContext } from 'ava';
import type { PlanDocument } from '../../src/plan/schema.js';
import type { RunResult } from '../../src/outcome/result.js';
import { addScript, addTest, editLab, nodeOf } from '../integration/support/labs.js';
import { makeSandbox } from '../integration/support/sandbox.js';
import { resultIn, runTool } from '../integration/support/tool.js';

/** Nodes of one image, each with an alias of its own where it lives on. */
function fill(plan: PlanDocument): void {
	const box = nodeOf(plan, 'box');
	const copy = (name: string, index: number) => {
		const alias = `10.74.0.${10 + index}/24`;
		const startup_scripts = [{ name: 'alias', script: `ip addr add ${alias} dev "$(ip route show default | awk '{print $5; exit}')"\n`, after: 'network-online.target' }];
		return { ...structuredClone(box), name, alias: [alias], recipe: { ...structuredClone(box.recipe), startup_scripts } };
	};
	plan.nodes = ['once', 'off', 'hungry', 'cut'].map(copy);
	// A reboot that is not asked for again, and the boot that the script is part of.
	addScript(plan, 'once', 'once', [
		...['#!/bin/bash', 'set -e', 'if [ ! -e /var/lib/done ]; then', '\ttouch /var/lib/done', '\tsystemctl reboot', '\texit 0', 'fi'],
		...['systemctl is-active multi-user.target || true', 'systemctl start ssh', 'systemctl list-jobs --no-legend | cat'],
	]);
	addScript(plan, 'off', 'off', ['#!/bin/bash', 'sync', 'poweroff', 'echo still here', 'sleep 60']);
	addScript(plan, 'off', 'never', ['echo never']);
	// Little by little, and written to: the kernel refuses no single piece.
	const eat = `python3 -c 'print(len([b"x" * (n << 20) for n in [8] * 500]))'`;
	addScript(plan, 'hungry', 'eats', ['#!/bin/bash', 'set -e', 'echo eating', eat, 'echo full']);
	addScript(plan, 'hungry', 'fills', [
		...['#!/bin/bash', 'set -e', "trap 'for i in {1..20}; do echo tidying $i; done' EXIT", 'fallocate -l 5G /big || true'],
		...['dd if=/dev/zero of=/more bs=1M count=4000 status=none', 'echo filled'],
	]);
	addScript(plan, 'cut', 'cut', ['#!/bin/bash', 'set -e', `IFACE=$(ip route show default | awk '{print $5; exit}')`, 'ip link set "$IFACE" down', 'echo after']);
	plan.scenarios = [{ name: 'verdicts', tests: [], custom_tests: [] }];
	addTest(plan, 'Gone', [{ type: 'vm_boots', on_vm: 'off' }]);
	addTest(plan, 'Cut off', [
		{ type: 'network_reachable', on_vm: 'once', params: { host: '10.74.0.13' }, timeout: 1 },
		{ type: 'network_reachable', on_vm: 'once', params: { host: '10.74.0.12' } },
	]);
}

function reports(t: ExecutionContext, { nodes, tests, verdict, error }: RunResult): void {
	t.deepEqual([verdict, error], ['failed', undefined]);
	const [once, off, hungry, cut] = nodes;
	t.like(once, { name: 'once', status: 'passed' });
	t.like(off, { name: 'off', status: 'failed', ended: { how: 'powered-off', script: 'off', line: 3, command: 'poweroff' } });
	t.like(off?.startup[1], { script: 'off', status: 'failed', failed_line: 3 });
	t.like(off?.startup[2], { script: 'never', status: 'not run' });
	const [, eats, fills] = hungry?.startup ?? [];
	t.like(eats, { status: 'failed', failed_line: 4 });
	t.regex(eats?.reasons?.[0] ?? '', /^the kernel: Out of memory: Killed process \d+ \(python3\)/);
	t.true(eats?.exit_code === 137 || eats?.reasons?.some((reason) => reason.includes('status 137')), JSON.stringify(eats));
	t.like(fills, { status: 'failed', failed_line: 5 });
	t.regex((fills?.reasons ?? []).join('\n'), /No space left on device\nno room is left on \//);
	t.like(cut, { status: 'passed' });
	t.regex(tests[0]?.assertions[0]?.message ?? '', /^off does not run: it was powered off from within by its startup script off, line 3/);
	t.regex(tests[1]?.assertions[0]?.message ?? '', /cut has been out of reach since line 4 of cut \(ip link set \w+ down\).*rehearse console cut/s);
	t.deepEqual(tests[1]?.assertions.map(({ status, decided_by: time }) => [status, time?.by]), [['failed', 'timeout'], ['passed', undefined]]);
}

test('reboots, power-offs, want of memory and room, and a link that is down are reported with their lines', async (t) => {
	t.timeout(15 * 60_000);
	const sandbox = await makeSandbox(t);
	const lab = await editLab(sandbox, 'single', fill);
	const ended = await runTool(sandbox, ['run', lab, '--json']);
	t.is(ended.status, 1, ended.stderr + ended.stdout);
	reports(t, resultIn(ended));
	t.regex(ended.stderr, /note: once: it was rebooted from within by its startup script once, line 5 \(systemctl reboot\)\. It boots again/);
	t.deepEqual(await sandbox.leftovers(0), []);
});
