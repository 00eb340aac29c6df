import { defineCommand } from '../command.js';
import { jsonFlag } from '../flags.js';

/** `rehearse doctor` */
export const doctorDefinition = defineCommand({
	usage: 'doctor',
	describe: 'what this host can do, what is missing, and the command that fixes it',
	positionals: {},
	flags: jsonFlag,
	async run({ json }, { stdout, stderr, stdoutColor: color }) {
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
			return await doctorCommand({ json, color, stdout, cacheDirectory, proveKvm, signal: stopping.signal });
		} finally {
			stopping.done();
		}
	},
});
