/** The canary, against a QEMU that is a fake: what is reported of each way in which it ends, and that nothing of it is left. */
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import test from 'ava';
import { bootCanary } from '../../../src/machine/canary.js';
import { kvmCandidates, tcg } from '../../../src/machine/accelerator.js';
import { pasteable } from '../../../src/base/shell.js';

const kernel = { kernelFile: '/nonexistent/vmlinuz', initrdFile: '/nonexistent/initrd' };

interface SeenOutcome {
	readonly ms?: number;
	readonly why?: string;
	readonly noRestore?: string;
	readonly isLate?: true;
	readonly byGuest?: true;
}

const reports = test.macro(async (t, behaviour: string, expected: { readonly boots: boolean; readonly byGuest?: true; readonly why?: RegExp; readonly noRestore?: RegExp }) => {
	const directory = await mkdtemp(path.join(os.tmpdir(), 'cn-'));
	const { PATH, TMPDIR } = process.env;
	t.teardown(async () => {
		process.env['PATH'] = PATH;
		if (TMPDIR === undefined) delete process.env['TMPDIR'];
		else process.env['TMPDIR'] = TMPDIR;
		delete process.env['REHEARSE_TEST_QEMU'];
		await rm(directory, { recursive: true, force: true });
	});
	const [programs, temporary] = [path.join(directory, 'bin'), path.join(directory, 'tmp')];
	for (const made of [programs, temporary]) await mkdir(made);
	const program = path.join(programs, 'qemu-system-x86_64');
	await writeFile(program, `#!/bin/sh\nexec ${pasteable([process.execPath, path.join(import.meta.dirname, 'fake-canary.js')])} "$@"\n`);
	await chmod(program, 0o755);
	Object.assign(process.env, { PATH: `${programs}:${PATH}`, TMPDIR: temporary, REHEARSE_TEST_QEMU: behaviour });
	const outcome: SeenOutcome = await bootCanary(kvmCandidates[0] ?? tcg, kernel);
	t.is(outcome.ms !== undefined, expected.boots);
	for (const part of ['why', 'noRestore'] as const) {
		const pattern = expected[part];
		if (pattern) t.regex(outcome[part] ?? '', pattern);
		else t.is(outcome[part], undefined);
	}
	t.is(outcome.isLate, undefined);
	t.is(outcome.byGuest, expected.byGuest);
	t.deepEqual(await readdir(temporary), []);
});
test.serial('one that boots, is saved and goes on', reports, 'works', { boots: true });
test.serial('one that does not boot, with QEMU’s own message', reports, 'breaks', { boots: false, why: /^failed to set MSR 0x10a$/ });
test.serial('one whose kernel panics, with its own message', reports, 'panics', { boots: false, byGuest: true, why: /^its kernel panicked: IO-APIC \+ timer does not work!$/ });
test.serial('a QEMU that cannot save', reports, 'old', { boots: true, noRestore: /^this QEMU has no xen-save-devices-state$/ });
test.serial('one that does not load what was saved', reports, 'refuses', { boots: true, noRestore: /not loaded: Unknown section/ });
test.serial('one that ends when it goes on', reports, 'dies', { boots: true, noRestore: /QEMU (?:ended|is gone)/ });
