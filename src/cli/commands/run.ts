import { usageFailure } from '../../base/errors.js';
import { defineCommand } from '../command.js';
import { filled, jsonFlag, labArgument, startFlags, startOptions, traceFlag } from '../flags.js';

/** The number of seeds: a seed has 32 bits. */
const seeds = 2 ** 32;

/** Reads the values of --shuffle and --shuffle-seed. @throws Failure `usage` for an invalid number of orders or seed */
function shuffleOf(count: number, seed: number = Math.floor(Math.random() * seeds)) {
	if (!Number.isInteger(count) || count < 0 || count > 1000) throw usageFailure('--shuffle: expected a number of orders, 1000 at most');
	if (!Number.isInteger(seed) || seed < 0 || seed >= seeds) throw usageFailure(`--shuffle-seed: expected a whole number from 0 to ${seeds - 1}`);
	return count === 0 ? undefined : { count, seed };
}

/** `rehearse run [LAB]` */
export const runDefinition = defineCommand({
	usage: 'run [lab]',
	describe: 'rehearse a lab: images, machines, startup scripts, scenario; the exit status is the verdict',
	positionals: labArgument,
	flags: {
		...startFlags,
		cold: {
			type: 'boolean',
			default: false,
			describe: 'boot every machine from power-on; neither use nor make checkpoints',
		},
		from: {
			choices: ['started'],
			requiresArg: true,
			describe: 'restore the machines as their startup scripts left them, and run only the scenario',
		},
		only: {
			type: 'string',
			array: true,
			nargs: 1,
			default: [] as string[],
			requiresArg: true,
			describe: 'run only the startup scripts of this node (repeatable); restore the other nodes as their scripts left them',
		},
		keep: {
			choices: ['never', 'on-failure', 'always'],
			default: 'never',
			describe: 'leave the machines running after the scenario, until Ctrl-C',
		},
		'save-failed': {
			type: 'boolean',
			default: false,
			describe: 'save all machines as they are when the run has not passed, for `rehearse bundle --with-checkpoints`',
		},
		...traceFlag,
		'default-tests': { type: 'boolean', default: false, describe: "run OpenFactory's own default tests as well" },
		strict: { type: 'boolean', default: false, describe: 'fail when there is an assertion that no rehearsal can judge' },
		timeout: {
			type: 'number',
			default: 3600,
			requiresArg: true,
			describe: 'limit for the whole run, in seconds',
		},
		twice: {
			type: 'boolean',
			default: false,
			describe: 'then run every startup script a second time: it must pass and change nothing, and the scenario must pass again',
		},
		reboot: {
			type: 'boolean',
			default: false,
			describe: 'then restart every machine: it must come back in the same state, and the scenario must pass again',
		},
		shuffle: {
			type: 'number',
			default: 0,
			requiresArg: true,
			describe: 'then rehearse the lab in this many other orders and paces of startup',
		},
		'shuffle-seed': { type: 'number', requiresArg: true, describe: 'the seed of the orders; the same seed gives the same orders' },
		junit: { type: 'string', requiresArg: true, describe: 'write a JUnit report to this file' },
		'code-quality': { type: 'string', requiresArg: true, describe: 'write a code-quality report of GitLab to this file' },
		html: { type: 'string', requiresArg: true, describe: 'write the page of the run to this file as well' },
		...jsonFlag,
	} as const,
	async run(flags, terminal) {
		const start = startOptions(flags);
		const junit = filled('junit', flags.junit);
		const codeQuality = filled('code-quality', flags['code-quality']);
		const html = filled('html', flags.html);
		const [{ runCommand }, { userPaths }] = await Promise.all([
			import('../../commands/run.js'),
			import('../../runs/paths.js'),
		]);
		const { lab, json, cold, from, only, keep, trace, strict } = flags;
		const robustness = [...(flags.twice ? ['twice' as const] : []), ...(flags.reboot ? ['reboot' as const] : [])];
		return runCommand({
			...start,
			...{ lab, json, strict, terminal, paths: userPaths() },
			restore: { cold, from, only },
			course: { keep, trace, robustness },
			...{ junit, codeQuality, html },
			saveFailed: flags['save-failed'],
			defaultTests: flags['default-tests'],
			shuffle: shuffleOf(flags.shuffle, flags['shuffle-seed']),
		});
	},
});
