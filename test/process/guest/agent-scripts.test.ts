/** How the guest's agent runs startup scripts, and what it reports of them. */
import { appendFileSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import test from 'ava';
import { packageRoot } from '../../../src/base/package-root.js';
import { poll } from '../../../src/base/waiting.js';
import { endJob, ended, ending, job, startAgent, type Setting } from './agent.js';
import { fakeSystemd, type Message } from './fake-systemd.js';

test('a startup script runs as a service of its own, and its end is reported', async (t) => {
	const agent = await startAgent(t, { order: 'setup 60 trace network-online.target\n' });
	writeFileSync(agent.output('setup.output'), 'begun\nünd done\n');
	agent.send('start\n');
	await agent.end(4);
	const call = agent.calls.find(({ member }) => member === 'StartTransientUnit');
	const run = path.join(packageRoot(), 'cloud-init', 'guest', 'run-script');
	t.deepEqual(call?.body.slice(0, 2), ['startup-setup.service', 'fail']);
	t.deepEqual(Object.fromEntries(call?.body[2] as [string, unknown][]), {
		Description: 'startup script setup',
		Type: 'oneshot',
		RemainAfterExit: true,
		Wants: ['network-online.target'],
		After: ['network-online.target'],
		Before: ['multi-user.target', 'graphical.target'],
		TimeoutStartUSec: 60_000_000n,
		TimeoutStopUSec: 5_000_000n,
		StandardOutputFileToAppend: agent.output('setup.output'),
		StandardErrorFileToAppend: agent.output('setup.output'),
		ExecStart: [[run, [run, agent.output('seed/startup/setup'), 'trace'], false]],
	});
	t.deepEqual(agent.received.slice(1).map((line) => line.split(' ')[0]), ['script-started', 'script-finished', 'started']);
	t.like(agent.message('script-finished'), { status: 'passed', exitCode: 0, endedAt: 1_764_000_000_123.456, stream: 'begun\nünd done\n' });
});

test('one that fails is reported with its status and the end of what it has written', async (t) => {
	const agent = await startAgent(t, {
		order: 'setup 60 plain\n',
		answer: ({ member, body }, systemd) => {
			if (member === 'StartTransientUnit') return ended('failed', systemd);
			if (body[1] === 'Result') return { signature: 'v', body: [['s', 'exit-code']] };
			return body[1] === 'ExecMainStatus' ? { signature: 'v', body: [['i', 7]] } : undefined;
		},
	});
	writeFileSync(agent.output('setup.output'), `${'x'.repeat(200_000)}end`);
	agent.send('start\n');
	await agent.end(4);
	t.like(agent.message('script-finished'), { status: 'failed', exitCode: 7, stream: `${'x'.repeat(131_069)}end` });
});

for (const [mode, isKept] of [['trace', false], ['plain', false], ['debug', true]] as const) {
	test(`of what a script writes while it runs, memory has ${isKept ? 'all for who stops in it' : 'the end only'} (${mode})`, async (t) => {
		const mebibytes = 40;
		let end = (): void => undefined;
		const agent = await startAgent(t, {
			order: `setup 60 ${mode}\n`,
			answer: ({ member }, systemd) => {
				if (member !== 'StartTransientUnit') return;
				for (let count = 0; count < mebibytes; count++) appendFileSync(agent.output('setup.output'), `${'x'.repeat(2 ** 20 - 4)}\n${count + 10}\n`);
				end = () => endJob('done', systemd);
				return { signature: 'o', body: [job] };
			},
		});
		agent.send('start\n');
		const used = () => statSync(agent.output('setup.output'), { throwIfNoEntry: false });
		await poll(async () => agent.calls.some(({ member }) => member === 'StartTransientUnit') && (isKept || (used()?.blocks ?? Infinity) * 512 < 4 * 2 ** 20), Boolean, { intervalMs: 20, deadlineMs: 20_000 });
		appendFileSync(agent.output('setup.output'), 'the end\n');
		if (isKept) await setTimeout(2500);
		end();
		await agent.end(4);
		t.is(used()?.size, mebibytes * 2 ** 20 + 8, 'who appends to it notices nothing');
		t.is((used()?.blocks ?? 0) * 512 > mebibytes * 2 ** 20 - 1, isKept);
		const { stream } = agent.message('script-finished') as { stream?: string };
		t.is(stream?.length, 131_072);
		t.regex(stream ?? '', /^x+\n49\nthe end\n$/);
	});
}

test('one that takes the machine down is reported as that, no other is run, and a signal is no end before', async (t) => {
	const answer: Setting['answer'] = ({ member, body }, systemd) => {
		if (member !== 'StartTransientUnit') return body[1] === 'SystemState' ? { signature: 'v', body: [['s', 'stopping']] } : undefined;
		return agent.signal('SIGTERM'), ended('canceled', systemd);
	};
	const agent = await startAgent(t, { order: 'down 60 plain\nnext 60 plain\n', answer });
	agent.send('start\n');
	await agent.end(3);
	t.deepEqual(agent.received.slice(1).map((line) => line.split(' ').slice(0, 2).join(' ')), ['script-started script=down', 'script-finished script=down']);
	t.like(agent.message('script-finished'), { status: 'failed', isStopping: true });
});

test('of a trace, the name of the script itself is not sent', async (t) => {
	const agent = await startAgent(t, { order: 'setup 60 trace\n' });
	const record = (file: string): string => `\x1e+ 1.5 7 7 1 0 0 | 12 ${file} > true\n`;
	writeFileSync(agent.output('setup.output'), record(agent.output('seed/startup/setup')).repeat(3000) + record('/etc/lib.sh'));
	agent.send('start\n');
	await agent.end(4);
	const { stream = '' } = agent.message('script-finished') as { stream?: string };
	t.is(stream.length, 131_072 > record('').length * 3000 ? record('').length * 3000 + record('/etc/lib.sh').length : 131_072);
	t.true(stream.endsWith(record('') + record('/etc/lib.sh')));
});

test('one that systemd refuses to run has failed, with its message', async (t) => {
	const refuse = ({ member }: Message) => (member === 'StartTransientUnit' ? { error: 'Unit startup-setup.service is odd.' } : undefined);
	const agent = await startAgent(t, { order: 'setup 60 plain\n', answer: refuse });
	agent.send('start\n');
	await agent.end(4);
	t.like(agent.message('script-finished'), { status: 'failed', stream: 'Unit startup-setup.service is odd.\n' });
});

test('one whose service was never begun has failed too', async (t) => {
	const agent = await startAgent(t, {
		order: 'setup 60 plain nosuch.target\n',
		answer: ({ member }, systemd) => (member === 'StartTransientUnit' ? ended('dependency', systemd) : undefined),
	});
	agent.send('start\n');
	await agent.end(4);
	t.like(agent.message('script-finished'), { status: 'failed' });
	t.regex(readFileSync(agent.output('setup.output'), 'utf8'), /ended as dependency/);
});

test('a script that has systemd execute itself anew is waited for', async (t) => {
	let asked = 0;
	const agent = await startAgent(t, {
		order: 'setup 60 plain\n',
		answer: ({ member }, systemd) =>
			member === 'StartTransientUnit' ? { signature: 'o', body: [job], then: () => systemd.close() } : undefined,
	});
	agent.send('start\n');
	await poll(async () => agent.calls.some(({ member }) => member === 'StartTransientUnit'), Boolean, { intervalMs: 10, deadlineMs: 20_000 });
	const again = await fakeSystemd(agent.output('../private'), ({ body }) => {
		const known = { ...ending, NFailedUnits: ['u', 0], ActiveState: ['s', ++asked < 2 ? 'activating' : 'active'] } as const;
		return { signature: 'v', body: [known[String(body[1]) as keyof typeof known] ?? ['s', '']] };
	});
	t.teardown(() => again.close());
	await agent.end(4);
	t.true(asked >= 2);
	t.like(agent.message('script-finished'), { status: 'passed' });
});

test('only the one that is meant runs another time, and is debugged', async (t) => {
	const agent = await startAgent(t, { order: 'one 60 plain\ntwo 60 trace\n' });
	agent.send('again two\ndebug two\n');
	await agent.end(7);
	const started = agent.calls.filter(({ member }) => member === 'StartTransientUnit');
	t.deepEqual(
		started.map(({ body }) => {
			const properties = Object.fromEntries(body[2] as [string, unknown][]);
			const [[, argv]] = properties['ExecStart'] as [[string, string[], boolean]];
			return [body[0], argv[2], properties['TimeoutStartUSec']];
		}),
		[
			['startup-two-again.service', 'trace', 60_000_000n],
			['startup-one.service', 'plain', 60_000_000n],
			['startup-two.service', 'debug', 2n ** 64n - 1n],
		],
	);
	t.is(agent.message('script-repeated')?.kind, 'script-repeated');
});
