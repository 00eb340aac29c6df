import test from 'ava';
import { askScripts, findRunning, readFailed, readRestarts, readScripts } from '../../../../src/machine/live/units.js';

/** What systemd shows of a unit. */
const shown = (id: string, values: Readonly<Record<string, string>>) =>
	[`Id=startup-${id}.service`, ...Object.entries(values).map(([key, value]) => `${key}=${value}`)].join('\n');
const times = { ExecMainStartTimestampMonotonic: '61500000', ExecMainExitTimestampMonotonic: '62750000' };
const never = { ExecMainStartTimestampMonotonic: '0', ExecMainExitTimestampMonotonic: '0' };

const answer = (units: readonly string[], outputs: readonly string[]) =>
	`${units.join('\n\n')}\n=====\n${outputs.map((text) => `${Buffer.from(text).toString('base64')}\n=====\n`).join('')}`;

test('how each startup script ended, with what it wrote', (t) => {
	const units = [
		shown('a', { ActiveState: 'active', Result: 'success', ExecMainCode: '1', ExecMainStatus: '0', ...times }),
		shown('b', { ActiveState: 'failed', Result: 'exit-code', ExecMainCode: '1', ExecMainStatus: '7', ...times }),
		shown('c', { ActiveState: 'failed', Result: 'timeout', ExecMainCode: '2', ExecMainStatus: '15', ...times }),
		shown('d', { ActiveState: 'failed', Result: 'signal', ExecMainCode: '2', ExecMainStatus: '9', ...times }),
	];
	t.deepEqual(readScripts(answer(units, ['it is done\n', '=====\n', '', 'x']), ['a', 'b', 'c', 'd']), [
		{ kind: 'script-finished', script: 'a', ms: 1250, stream: 'it is done\n', status: 'passed', exitCode: 0 },
		{ kind: 'script-finished', script: 'b', ms: 1250, stream: '=====\n', status: 'failed', exitCode: 7 },
		{ kind: 'script-finished', script: 'c', ms: 1250, stream: '', status: 'timed-out' },
		{ kind: 'script-finished', script: 'd', ms: 1250, stream: 'x', status: 'failed' },
	]);
});

test('silence is no success: a script that runs, that never began, or that systemd does not know, has not ended', (t) => {
	const units = [
		shown('a', { ActiveState: 'activating', Result: 'success', ExecMainCode: '0', ExecMainStatus: '0', ...times }),
		shown('b', { ActiveState: 'inactive', Result: 'success', ExecMainCode: '0', ExecMainStatus: '0', ...never }),
	];
	t.deepEqual(readScripts(answer(units, ['', '', '']), ['a', 'b', 'c']), []);
	t.deepEqual(readScripts('', ['a']), []);
});

test('a script runs that has begun and not ended', (t) => {
	const units = [
		shown('a', { ActiveState: 'active', Result: 'success', ...times }),
		shown('b', { ActiveState: 'activating', Result: 'success', ...times }),
		shown('c', { ActiveState: 'activating', Result: 'success', ...never }),
		shown('d', { ActiveState: 'inactive', Result: 'success', ...never }),
	];
	t.deepEqual(findRunning(answer(units, ['', '', '', '']), ['a', 'b', 'c', 'd', 'e']), ['b']);
	t.deepEqual(findRunning('', ['a']), []);
});

test('one that was not even started has failed, without an exit status', (t) => {
	const units = [shown('a', { ActiveState: 'failed', Result: 'resources', ExecMainCode: '0', ExecMainStatus: '0', ...never })];
	t.deepEqual(readScripts(answer(units, ['']), ['a']), [{ kind: 'script-finished', script: 'a', ms: 0, stream: '', status: 'failed' }]);
});

test('the name of a script is a word of the command, whatever it is', (t) => {
	t.true(askScripts(["a'; reboot"]).includes(`-- 'startup-a'\\''; reboot.service'`));
});

test('what is said of failed units is washed', (t) => {
	t.is(readFailed('a.service: \x1b[31mred\n  ::error::no command\n'), 'a.service: red\n  : :error::no command');
});

test('services that systemd has restarted, and no others', (t) => {
	const answer = 'Id=web.service\nNRestarts=3\n\nId=ssh.service\nNRestarts=0\n\nId=a.socket\nNRestarts=9\n\nnonsense\n';
	t.deepEqual([...readRestarts(answer)], [['web.service', 3]]);
});
