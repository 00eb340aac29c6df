import test from 'ava';
import type { RunEventBody, ScriptOutcome } from '../../../src/lab/events.js';
import type { StartupScript } from '../../../src/lab/lab.js';
import type { StateSnapshot } from '../../../src/lab/state-snapshot.js';
import { checkReboot, checkTwice, type CheckableLab } from '../../../src/supervisor/robustness-checks.js';
import { FakeClock } from '../base/fake-clock.js';

const empty: StateSnapshot = { files: {}, units: {}, ports: [], users: {}, groups: {}, packages: {}, addresses: [] };
const file = (text: string) => ({ type: 'f', mode: '644', owner: 'root:root', size: text.length, digest: text, text });
const script: StartupScript = { name: 'setup', text: '#!/bin/sh\necho x >>/etc/list\n', after: 'network-online.target' };
const passed: ScriptOutcome = { node: 'web', script: 'setup', status: 'passed', exitCode: 0, ms: 10, output: '' };

/** A lab of one node, `web`, whose state snapshots are these, the last one again and again; and what was reported and done. */
function stage(snapshots: readonly StateSnapshot[], overrides: Partial<CheckableLab> = {}) {
	const done: string[] = [];
	const reported: RunEventBody[] = [];
	const left = [...snapshots];
	const lab: CheckableLab = {
		snapshot: () => {
			done.push('snapshot');
			return Promise.resolve((left.length > 1 ? left.shift() : left[0]) ?? empty);
		},
		repeatScript: () => {
			done.push('repeat');
			return Promise.resolve(passed);
		},
		restartAll: () => {
			done.push('restart');
			return Promise.resolve(new Map([['web', { ms: 40_000 }]]));
		},
		runScenario: (emit) => {
			done.push('scenario');
			emit({ type: 'assertion-finished', test: 't', index: 0, assertion: 'a', onVm: 'web', status: 'passed', ms: 1, attempts: 1 });
			return Promise.resolve(true);
		},
		...overrides,
	};
	const options = {
		lab,
		nodes: [{ name: 'web', startupScripts: [script] }],
		emit: (event: RunEventBody) => void reported.push(event),
		settleMs: 5000,
		clock: new FakeClock(),
	};
	return { options, done, reported };
}

test('a second run that changes nothing', async (t) => {
	const { options, done, reported } = stage([empty]);
	t.true(await checkTwice(options));
	t.deepEqual(done, ['snapshot', 'repeat', 'snapshot', 'scenario']);
	t.like(reported, [{ type: 'script-repeated', node: 'web', status: 'passed', differences: [] }, { type: 'assertion-finished', after: 'twice' }]);
});

test('a second run that changes a file is looked at once, and put down to a line', async (t) => {
	const { options, done, reported } = stage([{ ...empty, files: { '/etc/list': file('x\n') } }, { ...empty, files: { '/etc/list': file('x\nx\n') } }]);
	t.false(await checkTwice(options));
	t.deepEqual(done, ['snapshot', 'repeat', 'snapshot', 'scenario']);
	t.like(reported[0], { differences: [{ kind: 'file', subject: '/etc/list', change: 'changed', addedLines: ['x'], line: 2 }] });
});

test('a port that is not back at once is waited for', async (t) => {
	const listening = { ...empty, ports: ['tcp 0.0.0.0:80'] };
	const { options, done, reported } = stage([listening, empty, empty, listening]);
	t.true(await checkTwice(options));
	t.is(done.filter((what) => what === 'snapshot').length, 4);
	t.like(reported[0], { differences: [] });
});

test('one that never comes back is a difference', async (t) => {
	const { options, reported } = stage([{ ...empty, ports: ['tcp 0.0.0.0:80'] }, empty]);
	t.false(await checkTwice(options));
	t.like(reported[0], { differences: [{ kind: 'port', change: 'removed' }] });
});

test('a second run that fails', async (t) => {
	const { options } = stage([empty], { repeatScript: () => Promise.resolve({ ...passed, status: 'failed', exitCode: 1 }) });
	t.false(await checkTwice(options));
});

test('a scenario that fails afterwards', async (t) => {
	const { options } = stage([empty], { runScenario: () => Promise.resolve(false) });
	t.false(await checkTwice(options));
	t.false(await checkReboot(options));
});

test('a machine that comes back whole, and with more', async (t) => {
	const { options, done, reported } = stage([empty, { ...empty, units: { 'web.service': 'active' }, ports: ['tcp 0.0.0.0:80'] }]);
	t.true(await checkReboot(options));
	t.deepEqual(done, ['snapshot', 'restart', 'scenario', 'snapshot']);
	t.deepEqual(reported.at(-1), { type: 'machine-restarted', node: 'web', ms: 40_000, missing: [] });
	t.like(reported[0], { type: 'assertion-finished', after: 'reboot' });
});

test('an address that does not come back', async (t) => {
	const { options, reported } = stage([{ ...empty, addresses: ['10.0.0.1/24 on enp0s3'] }, empty]);
	t.false(await checkReboot(options));
	t.like(reported.at(-1), { missing: [{ kind: 'address', subject: '10.0.0.1/24 on enp0s3' }] });
});

test('what breaks is no failure of the lab', async (t) => {
	const { options } = stage([empty], { repeatScript: () => Promise.reject(new Error('it broke')) });
	await t.throwsAsync(checkTwice(options), { message: 'it broke' });
});
