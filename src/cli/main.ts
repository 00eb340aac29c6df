import yargs from 'yargs';
import { hideBin } from 'yargs/helpers';
import { ExitCode, Failure, toFailure } from '../base/errors.js';
import { processTerminal } from '../commands/terminal.js';

const terminal = processTerminal();
const { stdout, stderr } = terminal;

/** What every command that takes a lab says of it. */
const labArgument = {
	type: 'string',
	default: 'immich-photo-vault',
	describe: 'name of a bundled lab, or path of a plan (JSON or YAML)',
} as const;

const jsonFlag = { type: 'boolean', default: false, describe: 'print one JSON object' } as const;
const mirrorFlag = { type: 'string', describe: "base URI of a Debian archive (default: that of the host's apt)" } as const;
const acceleratorFlag = {
	choices: ['auto', 'kvm', 'tcg'],
	default: 'auto',
	describe: 'auto proves KVM and falls back to emulation; kvm forbids the fallback',
} as const;

/** Commands are loaded when they are run: `check` and `--help` need little of the whole. */
const parser = yargs(hideBin(process.argv))
	.scriptName('rehearse')
	.usage('$0 <command>\n\nRehearses an OpenFactory lab on this machine, in QEMU.')
	.env('REHEARSE')
	.command(
		'run [lab]',
		'rehearse a lab: images, machines, startup scripts, scenario; the exit status is the verdict',
		(command) =>
			command
				.positional('lab', labArgument)
				.option('accel', acceleratorFlag)
				.option('json', jsonFlag)
				.option('junit', { type: 'string', describe: 'write a JUnit report to this file' })
				.option('keep', {
					choices: ['never', 'on-failure', 'always'],
					default: 'never',
					describe: 'leave the machines running after the scenario, until Ctrl-C',
				} as const)
				.option('mirror', mirrorFlag)
				.option('timeout', { type: 'number', default: 3600, describe: 'limit for the whole run, in seconds' }),
		async (flags) => {
			const [{ runCommand }, { userPaths }] = await Promise.all([
				import('../commands/run.js'),
				import('../rehearse/paths.js'),
			]);
			process.exitCode = await runCommand({
				lab: flags.lab,
				paths: userPaths(),
				accelerator: flags.accel,
				keep: flags.keep,
				mirror: flags.mirror,
				timeLimitMs: flags.timeout * 1000,
				json: flags.json,
				junit: flags.junit,
				terminal,
			});
		},
	)
	.command(
		'check [lab]',
		'read and lint a plan; no side effects',
		(command) =>
			command
				.positional('lab', labArgument)
				.option('format', { choices: ['text', 'json'], default: 'text', describe: 'how findings are printed' } as const)
				.option('schema', { type: 'boolean', default: false, describe: 'print the JSON Schema of plans instead' }),
		async (flags) => {
			const { checkCommand } = await import('../commands/check.js');
			process.exitCode = await checkCommand({
				lab: flags.lab,
				format: flags.format,
				schema: flags.schema,
				stdout: (text) => stdout.write(text),
				color: terminal.stdoutColor,
			});
		},
	)
	.strict()
	.demandCommand(1, 'a command is needed')
	.help()
	.alias('help', 'h')
	.wrap(Math.min(110, terminal.width))
	.fail((message, error) => {
		throw error ?? new Failure('usage', ExitCode.usage, message, { hint: '`rehearse --help` lists commands and flags' });
	});

try {
	await parser.parseAsync();
} catch (error) {
	const failure = toFailure(error);
	stderr.write(`rehearse: ${failure.message}\n`);
	if (failure.detail) stderr.write(`${failure.detail.replace(/^/gm, '  ')}\n`);
	if (failure.hint) stderr.write(`hint: ${failure.hint}\n`);
	process.exitCode = failure.exitCode;
}
