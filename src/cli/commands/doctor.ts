import { usageFailure } from '../../base/errors.js';
import { defineCommand } from '../command.js';
import { jsonFlag, millisecondsOf } from '../flags.js';

/** `rehearse doctor` */
export const doctorDefinition = defineCommand({
	usage: 'doctor',
	describe: 'what this host can do, what is missing, and the command that fixes it',
	positionals: {},
	flags: {
		iso: { type: 'boolean', default: false, describe: 'ask for what `rehearse iso` needs as well' },
		on: { choices: ['slurm'], describe: 'ask each host of a Slurm instead, by a job' },
		wait: { type: 'number', describe: 'with --on: how long a host may take until it has a place for the job, in seconds (600)' },
		...jsonFlag,
	} as const,
	async run({ json, iso, on, wait }, terminal) {
		if (on !== undefined) {
			const { doctorOnSlurm } = await import('../../commands/doctor-on-slurm.js');
			return doctorOnSlurm({ json, iso, waitMs: millisecondsOf('wait', wait ?? 600), terminal });
		}
		if (wait !== undefined) throw usageFailure('--wait is for hosts that are asked by jobs: give --on too');
		const { stdout, stderr, stdoutColor: color } = terminal;
		const [{ doctorCommand }, { checkKvm }, { stopOnSignals }, { userPaths }] = await Promise.all([
			import('../../commands/doctor.js'),
			import('../../host/kvm-check.js'),
			import('../../commands/stop.js'),
			import('../../runs/paths.js'),
		]);
		const { cache: cacheDirectory, images } = userPaths();
		const stopping = stopOnSignals();
		try {
			const onStart = () => stderr.write('booting a kernel under KVM, which takes up to half a minute\n');
			const proveKvm = await checkKvm({ images, cacheDirectory, signal: stopping.signal, onStart });
			return await doctorCommand({ json, iso, color, stdout, cacheDirectory, proveKvm, signal: stopping.signal });
		} finally {
			stopping.done();
		}
	},
});
