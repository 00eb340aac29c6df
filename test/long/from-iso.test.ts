/** A node booted from its own ISO, as on OpenFactory: under both firmwares, a second time, and where it cannot boot. */
import { existsSync } from 'node:fs';
import { cp, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { RunResult } from '../../src/outcome/result.js';
import { baseKey } from '../../src/iso/bases.js';
import { baseRequests, readIsoDefinition } from '../../src/iso/definition.js';
import { readGuestDefinition } from '../../src/image/guest.js';
import { readPlan } from '../../src/plan/read.js';
import { resolveLab } from '../../src/plan/resolve.js';
import { userPaths } from '../../src/runs/paths.js';
import { addScript, addTest, editLab, nodeOf } from '../integration/support/labs.js';
import { makeSandbox, type Sandbox } from '../integration/support/sandbox.js';
import { resultIn, runTool, type Ended } from '../integration/support/tool.js';

/** A node with hardly more than what every ISO has, which needs no default route: a network that leads nowhere has none. */
const lab = (sandbox: Sandbox, ...lines: readonly string[]): Promise<string> =>
	editLab(sandbox, 'single', (plan) => {
		Object.assign(nodeOf(plan, 'box').recipe, { packages: ['openssh-server', 'iproute2'], startup_scripts: [] });
		addScript(plan, 'box', 'box', ['ip addr add 10.74.0.10/24 dev "$(ls /sys/class/net | grep -m 1 ^en)"', ...lines]);
		addTest(plan, 'Inside', [
			{ type: 'command_output', on_vm: 'box', params: { command: 'id -un; pwd; hostname', equals: 'root\n/root\nbox' } },
			{ type: 'network_reachable', on_vm: 'box', params: { host: '10.74.0.10', port: 22 } },
			{ type: 'file_exists', on_vm: 'box', params: { path: '/etc/shadow', mode: '0640' } },
			// Nothing of the tool is in it, also while it runs.
			{ type: 'command_output', on_vm: 'box', params: { command: 'ls /dev/virtio-ports; ls /usr/local/lib; ls /var/lib/cloud 2>/dev/null | wc -l; ps axo args | grep -ci [r]ehearse', matches: '^org\\.qemu\\.guest_agent\\.0\\s+startup\\s+0\\s+0$', exit_code: 1 } },
		]);
	});

/** Runs the lab from its ISO. */
async function fromIso(t: ExecutionContext, sandbox: Sandbox, directory: string, ...flags: readonly string[]): Promise<{ readonly ended: Ended; readonly result: RunResult }> {
	const ended = await runTool(sandbox, ['run', directory, '--from-iso', ...flags, '--json']);
	const result = resultIn(ended);
	t.deepEqual(await sandbox.leftovers(5_000), []);
	return { ended, result };
}

const assertions = ({ tests }: RunResult) => tests.flatMap((one) => one.assertions.map(({ type, status, message }) => ({ type, status, message })));

test.serial('under UEFI it passes as an image does, and reports which ISO it was', async (t) => {
	t.timeout(15 * 60_000);
	const sandbox = await makeSandbox(t);
	const { ended, result } = await fromIso(t, sandbox, await lab(sandbox, 'echo on its way'), '--firmware', 'uefi');
	t.is(ended.status, 0, ended.stderr);
	t.deepEqual([...new Set(assertions(result).map(({ status }) => status))], ['passed'], JSON.stringify(assertions(result)));
	t.is(assertions(result).length, 5);
	t.true(result.cold);
	const [node] = result.nodes;
	t.like(node, { status: 'passed', login: { user: 'ops', status: 'passed' }, origin: { from: 'iso', firmware: 'uefi' } });
	t.like(node?.startup[0], { script: 'box', status: 'passed', exit_code: 0 });
	t.regex(node?.origin && 'sha256' in node.origin ? node.origin.sha256 : '', /^[0-9a-f]{64}$/);
});

test.serial('a script that is not fit for a second boot fails the lab, where what it wrote is kept', async (t) => {
	t.timeout(15 * 60_000);
	const sandbox = await makeSandbox(t);
	const directory = await lab(sandbox, 'mkdir /srv/once || { echo it was here before; exit 7; }');
	const { ended, result } = await fromIso(t, sandbox, directory, '--reboot', '--persistence');
	t.is(ended.status, 1, ended.stderr);
	t.deepEqual([...new Set(assertions(result).map(({ status }) => status))], ['passed'], JSON.stringify(assertions(result)));
	t.is(result.verdict, 'failed');
	t.like(result.nodes[0]?.origin, { from: 'iso', firmware: 'bios', persistence: true });
	const [machine] = result.reboot?.machines ?? [];
	t.like(machine?.startup?.[0], { script: 'box', status: 'failed', exit_code: 7 });
	const [report = ''] = await sandbox.runs();
	const { stdout } = await runTool(sandbox, ['report', report]);
	t.regex(stdout, /not fit for a second boot/);
	t.regex(stdout, /it was here before/);
});

test.serial('an initial ramdisk that lacks the driver of the medium is reported as that, with the message of the console', async (t) => {
	t.timeout(15 * 60_000);
	const shared = await makeSandbox(t);
	const directory = await lab(shared);
	t.is((await runTool(shared, ['iso', directory, '--out', path.join(shared.path, 'built')])).status, 0);
	const sandbox = await makeSandbox(t, 'no accelerator');
	// The kernel is the same, and so is what is known of the accelerator, if anything is.
	const known = path.join(userPaths().cache, 'accelerator');
	if (existsSync(known)) await cp(known, path.join(sandbox.path, 'cache', 'rehearse', 'accelerator'), { recursive: true });
	const base = await copyBase(directory, path.join(sandbox.path, 'cache', 'rehearse', 'iso-bases'));
	// Without the file system of a CD from now on: no module has that name. It ends with a NUL in the archive, in no list of modules.
	const initrd = path.join(base, 'initrd.img');
	const bytes = await readFile(initrd, 'latin1');
	const driver = /\/isofs(?=\.ko[.a-z]*\0)/g;
	t.is(bytes.match(driver)?.length, 1);
	await writeFile(initrd, bytes.replace(driver, '/no-cd'), 'latin1');
	const { ended, result } = await fromIso(t, sandbox, directory);
	t.is(ended.status, 4, ended.stderr);
	t.like(result.error, { code: 'machine-died', node: 'box' });
	t.regex(result.error?.message ?? '', /its initial ramdisk finds no medium with the live file system: does it lack the driver/);
	t.regex(result.error?.detail ?? '', /Unable to find a medium/);
});

/** Copies the base layer of a lab's node from the shared cache. Resolves to the copy. */
async function copyBase(directory: string, bases: string): Promise<string> {
	const guest = await readGuestDefinition();
	const { nodes } = resolveLab(await readPlan(path.join(directory, 'plan.json')), guest);
	const [request] = baseRequests(nodes, guest, await readIsoDefinition(), { kernel: 'cloud', recommends: false, pinOf: () => undefined });
	if (!request) throw new Error('the lab has no node');
	const key = await baseKey(request, guest);
	await cp(path.join(userPaths().isoBases, key), path.join(bases, key), { recursive: true });
	return path.join(bases, key);
}
