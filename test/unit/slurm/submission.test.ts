import test from 'ava';
import { slurmFailure } from '../../../src/slurm/ask.js';
import { parseSubmitted, sbatchArgv, srunArgv, withoutFlags, type JobArray } from '../../../src/slurm/submission.js';
import { read } from '../../../src/slurm/check-hosts.js';

const jobs: JobArray = {
	name: 'rehearse-fleet-0a1b2c3d',
	request: { memoryMiB: 1920, processors: 2 },
	directory: '/home/ann',
	logs: '/home/ann/100%/logs',
	script: ['/opt/rehearse/bin/lib/slurm-job.sh', '/home/ann/shared', '8', 'node'],
};

test('an array is submitted with what the plan needs, and Slurm runs none of it again by itself', (t) => {
	t.deepEqual(sbatchArgv(jobs, [1, 2, 3, 4], []), [
		'sbatch',
		'--parsable',
		'--job-name=rehearse-fleet-0a1b2c3d',
		'--array=1-4',
		'--no-requeue',
		'--nodes=1',
		'--ntasks=1',
		'--cpus-per-task=2',
		'--mem=1920M',
		'--chdir=/home/ann',
		'--output=/home/ann/100%%/logs/%A_%a.log',
		...jobs.script,
	]);
});

test('what was lost with a host is submitted without it', (t) => {
	const argv = sbatchArgv(jobs, [3], ['two']);
	t.true(argv.includes('--array=3'));
	t.true(argv.includes('--exclude=two'));
});

test('what sbatch --parsable prints', (t) => {
	t.is(parseSubmitted('17\n'), 17);
	t.is(parseSubmitted('17;cluster\n'), 17);
	t.is(parseSubmitted('sbatch: a word of the site\n17\n'), 17);
	t.is(parseSubmitted('sbatch: error\n'), undefined);
});

test('a host is asked in the partition that was chosen', (t) => {
	const argv = srunArgv('name', 'one', { partition: 'night', directory: '/home/ann', command: ['node', 'main.js', 'doctor', '--json'] });
	t.true(argv.includes('--nodelist=one') && argv.includes('--partition=night'));
	t.deepEqual(argv.slice(-4), ['node', 'main.js', 'doctor', '--json']);
});

test('flags that came by the environment do not come to the job a second time', (t) => {
	const environment = { REHEARSE_ON: 'slurm', REHEARSE_JUNIT: 'x', REHEARSE_PATIENCE: '3', REHEARSE_NO_SETUP: '1', PATH: '/bin', SBATCH_PARTITION: 'night' };
	t.deepEqual(withoutFlags(environment), { REHEARSE_ON: undefined, REHEARSE_JUNIT: undefined });
});

const failing = test.macro({
	title: (_title, words: string, code: string) => `${code}: ${words}`,
	exec(t, words: string, code: string) {
		const failure = slurmFailure(['sbatch'], words, 'status 1');
		t.is(failure.code, code);
		t.is(failure.detail, words);
	},
});

// As Slurm 22.05 says it.
test(failing, 'sbatch: error: Batch job submission failed: Requested node configuration is not available', 'slurm-impossible');
test(failing, 'sbatch: error: Memory specification can not be satisfied', 'slurm-impossible');
test(failing, 'sinfo: fatal: Could not establish a configuration source', 'slurm-unreachable');
test(failing, 'slurm_load_partitions: Unable to contact slurm controller (connect failure)', 'slurm-unreachable');
test(failing, 'sbatch: error: invalid partition specified: night', 'slurm-refused');
test(failing, 'sbatch: error: Batch job submission failed: Invalid account or account/partition combination specified', 'slurm-refused');
test(failing, 'sbatch: error: Batch job submission failed: Job violates accounting/QOS policy', 'slurm-failed');

test('what a host has and lacks, as its job reported it', (t) => {
	const requirement = { id: 'tun', title: '/dev/net/tun', status: 'missing', found: 'not there', needed: 'read and write', fix: 'modprobe tun' };
	const answer = { stdout: `the site greets you\n${JSON.stringify({ schema: 1, can_run: false, requirements: [requirement, 'nonsense', { id: 1 }] })}\n`, stderr: '', exitCode: 3 };
	t.deepEqual(read(answer, '/home/ann').checked, [
		requirement as never,
		{ id: 'shared-directory', title: 'this directory', needed: 'for results, on all hosts', status: 'ok', found: '/home/ann' },
	]);
	const elsewhere = { ...answer, stderr: "slurmstepd-two: error: couldn't chdir to `/home/ann': No such file or directory: going to /tmp instead" };
	t.like(read(elsewhere, '/home/ann').checked?.at(-1), { status: 'warning', found: '/home/ann is not there' });
});

test('why a host could not be asked', (t) => {
	t.regex(read({ stdout: '', stderr: 'slurmstepd-two: error: execve(): /usr/local/bin/node: No such file or directory', exitCode: 2 }, '/').problem ?? '', /^it has no \/usr\/local\/bin\/node/);
	t.regex(read({ stdout: '', stderr: "Error: Cannot find module '/opt/rehearse/dist/bin/main.js'", exitCode: 1 }, '/').problem ?? '', /^rehearse is not there/);
	t.is(read({ stdout: '', stderr: 'srun: error: Unable to create step\u001b[31m', exitCode: 1 }, '/').problem, 'rehearse doctor ended there with status 1\nsrun: error: Unable to create step');
});
