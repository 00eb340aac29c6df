import test from 'ava';
import { brokenFailure } from '../../../../src/base/errors.js';
import type { AgentMessage } from '../../../../src/machine/agent-message.js';
import type { CommandResult, Limits } from '../../../../src/machine/command-channel.js';
import type { GuestAgent } from '../../../../src/machine/live/guest-agent.js';
import { LiveGuest } from '../../../../src/machine/live/live-guest.js';
import type { Terminal } from '../../../../src/machine/live/terminal.js';
import { waitForBoot } from '../../../../src/machine/live/units.js';

type ScriptState = 'waiting' | 'running' | 'stopped' | 'passed';

/** A guest whose first script runs for ever; the second comes after it. `boot` is done when neither is left to do. */
function hangingGuest(first: ScriptState) {
	const states = new Map<string, ScriptState>([['hangs', first], ['next', 'waiting']]);
	const commands: string[] = [];
	const unit = ([name, state]: readonly [string, ScriptState]) => {
		const active = { waiting: 'inactive', running: 'activating', stopped: 'inactive', passed: 'active' }[state];
		const code = state === 'stopped' ? '2' : '1';
		const began = state === 'waiting' ? '0' : '61500000';
		return [`Id=startup-${name}.service`, `ActiveState=${active}`, 'Result=success', `ExecMainCode=${code}`, 'ExecMainStatus=0', `ExecMainStartTimestampMonotonic=${began}`, `ExecMainExitTimestampMonotonic=${began}`].join('\n');
	};
	const answer = (command: string): Partial<CommandResult> => {
		if (command === waitForBoot) return { timedOut: [...states.values()].some((state) => state === 'running' || state === 'waiting') };
		if (command.startsWith('systemctl show')) return { stdout: `${[...states].map(unit).join('\n\n')}\n=====\n` };
		if (command.startsWith('systemctl stop')) states.set('hangs', 'stopped').set('next', 'passed');
		return {};
	};
	const waited: number[] = [];
	const agent = {
		untilThere: () => Promise.resolve(),
		run: (command: string, { timeoutMs }: Limits): Promise<CommandResult> => {
			commands.push(command);
			if (command === waitForBoot) waited.push(timeoutMs);
			return Promise.resolve({ exitCode: 0, stdout: '', stderr: '', timedOut: false, ...answer(command) } as CommandResult);
		},
	};
	const messages: AgentMessage[] = [];
	const guest = new LiveGuest({
		...{ node: 'box', terminal: {} as Terminal, guestAgent: agent as unknown as GuestAgent, login: undefined },
		late: (what) => brokenFailure('late', what),
		ssh: { host: '127.0.0.1', port: 22, isPasswordTaken: false },
		...{ scripts: ['hangs', 'next'], onMessage: (message: AgentMessage) => void messages.push(message) },
		...{ broken: new Promise<never>(() => undefined), hasPersistence: false },
	});
	return { guest, messages, commands, waited };
}

test('a script that runs at the deadline is stopped, and the boot goes on to the next', async (t) => {
	const { guest, messages, commands } = hangingGuest('running');
	await guest.runScripts({ deadlineMs: 1000 });
	t.deepEqual(commands.filter((command) => command.startsWith('systemctl stop')), ['systemctl stop -- startup-hangs.service']);
	const ends = messages.filter(({ kind }) => kind === 'script-finished');
	t.like(ends, [{ script: 'hangs', status: 'timed-out' }, { script: 'next', status: 'passed' }]);
	t.false('exitCode' in (ends[0] ?? {}));
});

test('a boot that does not end though no script runs is no fault of a script', async (t) => {
	const { guest, commands } = hangingGuest('waiting');
	await t.throwsAsync(guest.runScripts({ deadlineMs: 1000 }), { code: 'boot-unfinished' });
	t.false(commands.some((command) => command.startsWith('systemctl stop')));
});

test('after a restart the scripts have their own time, however much of it the boot was given', async (t) => {
	const { guest, waited } = hangingGuest('running');
	t.like(await guest.untilBack({ deadlineMs: 1000 }, 660_000), [{ script: 'hangs', status: 'timed-out' }, { script: 'next', status: 'passed' }]);
	t.deepEqual([...new Set(waited)], [660_000]);
});
