import test from 'ava';
import type { RunEvent, RunEventBody } from '../../../src/lab/events.js';
import { changedAnswers, changedMachines, changesBetweenRuns, isComparable } from '../../../src/report/changes.js';
import { failureSentences } from '../../../src/report/failures.js';
import { foldEvents } from '../../../src/outcome/fold.js';
import { painter } from '../../../src/report/text.js';
import { machineChangesText, verdictText } from '../../../src/report/watch-text.js';

const plain = painter(false);

/** A run of one script and two assertions, of which these fail. */
function run(failing: { readonly script?: number; readonly assertions?: readonly number[]; readonly isTakenOver?: true } = {}) {
	const titles = ['port 80/tcp listens', 'file /etc/web exists'];
	const bodies: RunEventBody[] = [
		{
			type: 'run-started',
			...{ runId: 'r', lab: 'web', planSha256: '0', runDirectory: '/runs/r', warnings: [] },
			nodes: [{ name: 'web', scripts: ['setup'] }],
			tests: [{ name: 'Works', assertions: titles.map((title) => ({ type: 'port_listening', onVm: 'web', title })) }],
		},
		failing.isTakenOver
			? { type: 'origin', node: 'web', origin: { from: 'checkpoint', kind: 'started', savedAt: 1 } }
			: {
					type: 'script-finished',
					...{ node: 'web', script: 'setup', ms: 1200, output: 'no\n' },
					...(failing.script === undefined ? { status: 'passed', exitCode: 0 } : { status: 'failed', exitCode: 1, failedLine: failing.script, failedCommand: 'false' }),
				},
		...titles.map((assertion, index): RunEventBody => {
			const common = { type: 'assertion-finished', test: 'Works', index, assertion, onVm: 'web', ms: 1, attempts: 1 } as const;
			return failing.assertions?.includes(index) ? { ...common, status: 'failed', message: 'expected it, saw nothing' } : { ...common, status: 'passed' };
		}),
		{ type: 'run-finished', ms: 30_000 },
	];
	return foldEvents(bodies.map((body, index): RunEvent => ({ at: 1000 + index, ...body })));
}

test('two equal runs', (t) => {
	t.deepEqual(changesBetweenRuns(run(), run()), { assertions: [], scripts: [], machines: [] });
	t.deepEqual(changedAnswers(changesBetweenRuns(run(), run()), 80, plain), []);
	t.is(machineChangesText(changesBetweenRuns(run(), run()), { color: false, width: 80 }), '');
});

test('an assertion and a script that flip', (t) => {
	const changes = changesBetweenRuns(run(), run({ script: 3, assertions: [1] }));
	t.deepEqual(changes.assertions, [
		{ test: 'Works', on_vm: 'web', assertion: 'file /etc/web exists', from: 'passed', to: 'failed', message: 'expected it, saw nothing' },
	]);
	t.deepEqual(changedAnswers(changes, 90, plain), [
		'Against the last run',
		'  ✖ web: startup script setup failed with exit status 1 after 1.2 s, line 3: false',
		'  ✖ Works › web: file /etc/web exists: passed → failed',
		'      expected it, saw nothing',
	]);
	t.deepEqual(changedAnswers(changesBetweenRuns(run({ script: 3, assertions: [1] }), run()), 90, plain), [
		'Against the last run',
		'  ✔ web: startup script setup passes again (failed)',
		'  ✔ Works › web: file /etc/web exists: failed → passed',
	]);
});

test('a script that fails on another line is a change, one that fails as before is none', (t) => {
	t.is(changesBetweenRuns(run({ script: 3 }), run({ script: 5 })).scripts[0]?.failed_line, 5);
	t.deepEqual(changesBetweenRuns(run({ script: 3 }), run({ script: 3 })).scripts, []);
});

test('scripts of a node that was taken over as they had left it have passed', (t) => {
	const takenOver = run({ isTakenOver: true });
	t.deepEqual(changesBetweenRuns(run(), takenOver).scripts, []);
	t.deepEqual(changesBetweenRuns(takenOver, run()).scripts, []);
	t.deepEqual(changesBetweenRuns(takenOver, run({ script: 3 })).scripts.map(({ from, to }) => [from, to]), [['passed', 'failed']]);
	t.deepEqual(changesBetweenRuns(run({ script: 3 }), takenOver).scripts.map(({ from, to }) => [from, to]), [['failed', 'passed']]);
});

test('machines, many differences of which are cut', (t) => {
	const difference = (index: number) => ({ kind: 'file', subject: `/srv/${index}`, change: 'added', after: 'file' }) as const;
	const differences = Array.from({ length: 25 }, (_none, index) => difference(index));
	const changes = changesBetweenRuns(run(), run(), new Map([['web', differences], ['db', []]]));
	const lines = changedMachines(changes, 80, plain);
	t.deepEqual(lines.slice(0, 3), ['In the machines', '  web', '    file /srv/0 is new']);
	t.is(lines.at(-1), '    and 5 more');
});

test('the text of a run that passed is short, that of one that failed has what failed', (t) => {
	const options = { color: false, width: 80 };
	t.is(verdictText(run(), changesBetweenRuns(run(), run()), options), '\n✔ web passed in 30.0 s\n');
	const failed = verdictText(run({ assertions: [0] }), changesBetweenRuns(run(), run({ assertions: [0] })), options);
	t.true(failed.includes('✖ web') && failed.includes('port 80/tcp listens') && failed.includes('passed → failed'));
	t.true(failed.endsWith('\n✖ web failed in 30.0 s\n'));
});

test('only a run that answered everything is compared with', (t) => {
	t.true(isComparable(run({ assertions: [0] })));
	t.false(isComparable(foldEvents([])) && isComparable({ ...run(), errors: [{ code: 'x', message: 'x', exitCode: 4 }] }));
});

test('what failed, as sentences', (t) => {
	t.deepEqual(failureSentences(run()), []);
	t.deepEqual(failureSentences(run({ script: 3, assertions: [0] })), [
		'web: startup script setup failed with exit status 1 after 1.2 s, line 3: false',
		'Works › web: port 80/tcp listens: expected it, saw nothing',
	]);
});
