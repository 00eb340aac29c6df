/** The types of assertions: for each, how it is looked at and judged. */
import type { AnnouncedTest } from '../lab/events.js';
import type { Assertion, AssertionType, ScenarioTest } from '../lab/lab.js';
import { groupExists, userExists } from './accounts.js';
import type { AssertionOf, Check } from './check.js';
import { fileExists } from './files.js';
import { httpResponds } from './http.js';
import { commandOutput } from './output.js';
import { packageInstalled, packageNotInstalled } from './packages.js';
import { portListening } from './ports.js';
import { networkReachable, vmBoots } from './reach.js';
import { processRunning, serviceEnabled, serviceRunning } from './services.js';

/** A type that is missing here does not compile. */
const checks: { readonly [T in AssertionType]: Check<AssertionOf<T>> } = {
	command_output: commandOutput,
	file_exists: fileExists,
	group_exists: groupExists,
	http_responds: httpResponds,
	network_reachable: networkReachable,
	package_installed: packageInstalled,
	package_not_installed: packageNotInstalled,
	port_listening: portListening,
	process_running: processRunning,
	service_enabled: serviceEnabled,
	service_running: serviceRunning,
	user_exists: userExists,
	vm_boots: vmBoots,
};

/** The check of an assertion. */
export const checkOf = (assertion: Assertion): Check<Assertion> =>
	// The table gives each type its own check, which the compiler cannot follow through a union.
	checks[assertion.type] as Check<Assertion>;

/** The tests as they are announced before any of them runs. */
export const announceTests = (tests: readonly ScenarioTest[]): AnnouncedTest[] =>
	tests.map(({ name, assertions }) => ({
		name,
		assertions: assertions.map((assertion) => ({
			type: assertion.type,
			onVm: assertion.onVm,
			title: checkOf(assertion).title(assertion),
			...(assertion.notJudged === undefined ? {} : { notJudged: assertion.notJudged }),
		})),
	}));
