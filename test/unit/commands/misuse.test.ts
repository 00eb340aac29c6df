import test from 'ava';
import { parsed } from '../../../src/cli/command.js';
import { commands } from '../../../src/cli/commands.js';
import { misused, namedCommand } from '../../../src/cli/misuse.js';
import { withPlainValues } from '../../../src/cli/written-values.js';

const tells = test.macro({
	title: (_title, line: string) => `rehearse ${line}`,
	exec(t, line: string, complaint: string, message: string, hint: string) {
		const failure = misused(complaint, line.split(' '), commands);
		t.is(failure.message, message);
		t.is(failure.hint, hint);
		t.is(failure.exitCode, 2);
	},
});

const list = '`rehearse --help` lists the commands, `rehearse COMMAND --help` the flags of one';
const flagsOf = (command: string): string => `\`rehearse ${command} --help\` has its flags`;

test(tells, 'frobnicate', 'Unknown command: frobnicate', 'unknown command: frobnicate', list);
test(tells, 'chek', 'Unknown command: chek', 'unknown command: chek', 'did you mean `rehearse check`?');
test(tells, 'check a b', 'Unknown command: b', '`rehearse check` does not take b', 'rehearse check [LAB]');
test(tells, 'check a b c', 'Unknown commands: b, c', '`rehearse check` does not take b, c', 'rehearse check [LAB]');
test(tells, 'help run plan', 'Unknown command: plan', '`rehearse help` does not take plan', 'rehearse help [TOPIC]');
test(tells, 'check --formt json', 'Unknown argument: formt', 'unknown flag: --formt', 'did you mean --format?');
test(tells, 'prune --dry-run', 'Unknown arguments: dry-run, dryRun', 'unknown flag: --dry-run', flagsOf('prune'));
test(tells, 'logs web -q', 'Unknown argument: q', 'unknown flag: -q', flagsOf('logs'));
test(tells, 'run --keep', 'Not enough arguments following: keep', '--keep: expected never, on-failure, always', flagsOf('run'));
test(tells, 'run --junit', 'Not enough arguments following: junit', '--junit needs a value', flagsOf('run'));
test(tells, 'init --nodes a', 'Not enough arguments following: nodes', '--nodes needs two values', flagsOf('init'));
test(tells, 'logs', 'Not enough non-option arguments: got 0, need at least 1', 'NODE is missing', 'rehearse logs NODE [LOG]');
test(tells, 'link', 'Not enough non-option arguments: got 0, need at least 2', 'NODE and STATE are missing', 'rehearse link NODE STATE [AMOUNT]');
test(tells, 'cp a', 'Not enough non-option arguments: got 1, need at least 2', 'TO is missing', 'rehearse cp FROM TO');
test(tells, 'export', 'Missing required argument: out', '--out is missing', flagsOf('export'));
test(tells, 'run --accel hax', 'Invalid values:\n  Argument: accel, Given: "hax", Choices: "auto", "kvm", "tcg"', '--accel hax: expected auto, kvm, tcg', flagsOf('run'));
test(tells, 'link a aside', 'Invalid values:\n  Argument: state, Given: "aside", Choices: "up", "down"', 'STATE aside: expected up, down', flagsOf('link'));
test(tells, 'run --x', 'something else', 'something else', flagsOf('run'));

test('every flag that is not boolean needs a value, but one that has a place to write to without', (t) => {
	const optional = commands.flatMap(({ name, flags }) =>
		Object.entries(flags).filter(([, options]) => options.type !== 'boolean' && parsed(options).requiresArg !== true).map(([flag]) => `${name} --${flag}`),
	);
	t.deepEqual(optional, ['report --html']);
});

const reads = test.macro({
	title: (_title, line: string) => `the values of rehearse ${line}`,
	exec(t, line: string, expected: string | { message: string }) {
		const words = line.split(' ');
		const plain = () => withPlainValues(words, namedCommand(words, commands)).join(' ');
		if (typeof expected === 'string') t.is(plain(), expected);
		else t.throws(plain, { code: 'usage', ...expected });
	},
});

test(reads, 'run lab --cold', 'run lab --cold');
test(reads, 'run --cold=1', 'run --cold=true');
test(reads, 'run --cold=YES', 'run --cold=true');
test(reads, 'run --cold=0 --json=false', 'run --cold=false --json=false');
test(reads, 'run --cold=perhaps', { message: '--cold=perhaps: expected 1 or 0' });
test(reads, 'run --cold=', { message: '--cold=: expected 1 or 0' });
test(reads, 'run --junit=maybe.xml --accel=tcg', 'run --junit=maybe.xml --accel=tcg');
test(reads, 'exec web -- run --json=maybe', 'exec web -- run --json=maybe');
test(reads, 'run --checkpoint-limit=', { message: '--checkpoint-limit is empty' });
test(reads, 'run --checkpoint-limit  lab', { message: '--checkpoint-limit is empty' });
test(reads, 'logs web -n  x', { message: '-n is empty' });
test(reads, 'frobnicate --cold=perhaps', 'frobnicate --cold=perhaps');
