/** `--accel kvm` takes KVM or reports why not, as `doctor` has found out. */
import test from 'ava';
import { labDirectory } from './support/labs.js';
import { makeSandbox } from './support/sandbox.js';
import { resultIn, runTool } from './support/tool.js';

interface Doctor {
	readonly requirements: readonly { readonly id: string; readonly status: string; readonly found: string }[];
}

test('--accel kvm', async (t) => {
	t.timeout(15 * 60_000);
	const sandbox = await makeSandbox(t, 'no accelerator');
	const lab = labDirectory('single');
	// Without a kernel to boot doctor could not find that out.
	t.is((await runTool(sandbox, ['image', lab])).status, 0);
	const doctor = await runTool(sandbox, ['doctor', '--json']);
	const { requirements } = JSON.parse(doctor.stdout) as Doctor;
	const kvm = requirements.find(({ id }) => id === 'kvm');
	t.truthy(kvm, doctor.stdout);
	const ended = await runTool(sandbox, ['run', lab, '--json', '--accel', 'kvm']);
	const { verdict, accelerator, error } = resultIn(ended);
	if (kvm?.status === 'ok') {
		t.is(ended.status, 0, ended.stderr + ended.stdout);
		t.is(verdict, 'passed');
		t.is(accelerator?.name, 'kvm');
		t.regex(accelerator?.reason ?? '', /^KVM booted a kernel in /);
	} else {
		t.is(ended.status, 3, ended.stderr + ended.stdout);
		t.is(verdict, 'error');
		t.is(error?.code, 'no-accelerator');
		t.regex(error?.message ?? '', /^KVM does not work on this host: \S/);
		t.regex(error?.hint ?? '', /without --accel kvm/);
	}
	t.deepEqual(await sandbox.leftovers(0), []);
});
