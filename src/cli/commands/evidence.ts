/** Evidence of a run: `export` makes it, `verify` looks it over. */
import { defineCommand, runsDirectory, type Command } from '../command.js';
import { filled, jsonFlag } from '../flags.js';

const exportDefinition = defineCommand({
	usage: 'export [run]',
	describe: 'write a passed, cold and whole run as evidence: plan, results, packages, digests; signed where a key is given',
	positionals: { run: { type: 'string', describe: 'run directory, or the name of one (default: the last run)' } } as const,
	flags: {
		out: { type: 'string', demandOption: true, describe: 'directory to be made' },
		sign: { type: 'string', describe: 'file of a private SSH key to sign with' },
		signer: { type: 'string', describe: 'the name of who signs' },
		meaning: { type: 'string', describe: 'what the signature means, such as "reviewed"' },
		isos: { type: 'string', describe: 'what `rehearse iso` has written of this lab, to be vouched for too' },
		...jsonFlag,
	} as const,
	async run({ run, out, sign, signer, meaning, isos, json }, terminal) {
		const { exportCommand } = await import('../../commands/export.js');
		const given = { out: filled('out', out) ?? '', sign: filled('sign', sign), signer: filled('signer', signer), meaning: filled('meaning', meaning), isos: filled('isos', isos) };
		return exportCommand({ run, runs: await runsDirectory(), ...given, json, terminal });
	},
});

const verifyDefinition = defineCommand({
	usage: 'verify <directory>',
	describe: 'look an export over, offline: digests, signatures, and the verdict computed again from the events',
	positionals: { directory: { type: 'string', demandOption: true, describe: 'what `rehearse export` has written' } } as const,
	flags: {
		'allowed-signers': { type: 'string', describe: 'file of those who may sign, as ssh-keygen(1) has it' },
		...jsonFlag,
	} as const,
	async run({ directory, 'allowed-signers': allowedSigners, json }, terminal) {
		const { verifyCommand } = await import('../../commands/verify.js');
		return verifyCommand({ directory, allowedSigners: filled('allowed-signers', allowedSigners), json, terminal });
	},
});

/** Both commands. */
export const evidenceDefinitions: readonly Command[] = [exportDefinition, verifyDefinition];
