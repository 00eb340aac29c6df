import test from 'ava';
import { stderrUnderSudo, underSudo } from '../../../src/ssh/command.js';

test('the password goes to stdin, before the input, and into no command line', (t) => {
	const { command, input } = underSudo('cat', 's3cret', 'the input\n');
	t.false(command.includes('s3cret'));
	t.regex(input, /^s3cret\n[^\n]+\nthe input\n$/);
	t.regex(command, /^sudo -k -S -p '' -- bash -c '/);
});

const strips = test.macro((t, before: string, after: string) => {
	const token = /echo '\\''(.+?)'\\''/.exec(underSudo('true', '', '').command)?.[1];
	t.is(stderrUnderSudo(`${before}${token}\n${after}`), after);
});

test('stderr without a word of sudo', strips, '', 'oops\n');
test('stderr after the lecture of sudo', strips, 'We trust you have received the usual lecture.\n\n', 'oops\n');
test('a command that wrote nothing', strips, '', '');

test('stderr of a refused sudo', (t) => {
	t.is(stderrUnderSudo('ops is not in the sudoers file.\n'), undefined);
});
