import type { AcceleratorChoice } from '../machine/accelerator.js';
import type { Paths } from '../runs/paths.js';
import type { LabOptions } from './load-lab.js';
import type { Terminal } from './terminal.js';

/** What the commands that start a lab's machines have in common. */
export interface StartOptions extends LabOptions {
	/** Name of a bundled lab, or path of a plan. */
	readonly lab: string;
	readonly paths: Paths;
	readonly accelerator: AcceleratorChoice;
	/** Maximum size of all checkpoints, in bytes. */
	readonly limitBytes: number;
	/** Base URI of the Debian archive; undefined for that of the host's apt. */
	readonly mirror: string | undefined;
	/** Whether declared passwords are left in what is shown and kept. */
	readonly showSecrets: boolean;
	/** Time limit of the run, or of the start of a lab that is kept running, in milliseconds. */
	readonly timeLimitMs: number;
	/** Whether to print result objects instead of texts. */
	readonly json: boolean;
	readonly terminal: Terminal;
}
