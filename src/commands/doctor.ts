import { ExitCode } from '../base/errors.js';
import type { ProveKvm } from '../host/kvm.js';
import { thisHost, type Host } from '../host/host.js';
import { checkIsoRequirement } from '../host/iso.js';
import { checkRequirements } from '../host/requirements.js';
import { canRun, renderRequirements, requirementsObject } from '../report/requirements.js';

export interface DoctorOptions {
	readonly json: boolean;
	readonly color: boolean;
	readonly stdout: { write(text: string): unknown };
	/** The cache directory, which has the images. */
	readonly cacheDirectory: string;
	/** Boots the canary under KVM. Without it, `doctor` reports KVM as present and permitted, but not proven. */
	readonly proveKvm?: ProveKvm | undefined;
	/** Whether ISOs are to be made here. */
	readonly iso?: boolean;
	readonly host?: Host;
	readonly signal?: AbortSignal;
}

/**
 * `rehearse doctor`: shows what this host has and lacks. The exit status is 0 when a rehearsal can run here, with or
 * without KVM, otherwise 3. Rejects with the reason of `signal` when it aborts.
 */
export async function doctorCommand(options: DoctorOptions): Promise<ExitCode> {
	const { host = thisHost(), cacheDirectory, proveKvm, iso: isIsoWanted = false } = options;
	const [rehearsing, iso] = await Promise.all([checkRequirements({ host, cacheDirectory, proveKvm }), checkIsoRequirement(host, isIsoWanted)]);
	const checked = [...rehearsing, iso];
	options.signal?.throwIfAborted();
	options.stdout.write(
		options.json ? `${JSON.stringify(requirementsObject(checked), undefined, 2)}\n` : renderRequirements(checked, options),
	);
	return canRun(checked) ? ExitCode.passed : ExitCode.host;
}
