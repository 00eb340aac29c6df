/** JUnit reports are what Jenkins takes: junit-10.xsd of its xunit plugin, whose elements and attributes are listed here. */
import test from 'ava';
import type { RunEvent, RunEventBody } from '../../../src/lab/events.js';
import { foldEvents } from '../../../src/outcome/fold.js';
import { junitXml } from '../../../src/report/junit.js';
import { logNames, readLog } from './golden.js';

/** Each element: its attributes (those with `!` have to be there) and what may be in it. */
const elements: Readonly<Record<string, { readonly attributes: readonly string[]; readonly children: readonly string[] }>> = {
	'testsuites': { attributes: ['name', 'time', 'tests', 'failures', 'errors'], children: ['testsuite'] },
	'testsuite': {
		attributes: ['name!', 'tests!', 'failures!', 'errors!', 'group', 'time', 'skipped', 'timestamp', 'hostname', 'id', 'package', 'file', 'log', 'url'],
		children: ['testsuite', 'properties', 'testcase', 'system-out', 'system-err'],
	},
	'testcase': { attributes: ['name!', 'time', 'classname', 'group'], children: ['skipped', 'error', 'failure', 'system-out', 'system-err'] },
	'properties': { attributes: [], children: ['property'] },
	'property': { attributes: ['name!', 'value!'], children: [] },
	'failure': { attributes: ['type', 'message'], children: [] },
	'error': { attributes: ['type', 'message'], children: [] },
	'skipped': { attributes: ['type', 'message'], children: [] },
	'system-out': { attributes: [], children: [] },
	'system-err': { attributes: [], children: [] },
};

/** What the schema asks of the time of suites. */
const surefireTime = /^(([0-9]{0,3},)*[0-9]{3}|[0-9]{0,3})*(\.[0-9]{0,3})?$/;

/** What is against the schema, as text. */
function complaints(xml: string): string[] {
	const found: string[] = [];
	const open: string[] = [];
	for (const [, isEnd, name = '', written = '', isEmpty] of xml.replaceAll(/<!\[CDATA\[[^]*?\]\]>|<\?[^]*?\?>/g, '').matchAll(/<(\/?)([\w-]+)((?:\s+[\w-]+="[^"]*")*)\s*(\/?)>/g)) {
		if (isEnd) {
			if (open.pop() !== name) found.push(`</${name}> ends another element`);
			continue;
		}
		const shape = elements[name];
		const parent = open.at(-1);
		if (!shape) found.push(`<${name}>`);
		else if (parent === undefined ? name !== 'testsuites' : !elements[parent]?.children.includes(name)) found.push(`<${name}> in <${parent ?? ''}>`);
		const attributes = new Map([...written.matchAll(/([\w-]+)="([^"]*)"/g)].map(([, key = '', value = '']) => [key, value]));
		for (const key of attributes.keys()) if (!shape?.attributes.some((known) => known.replace('!', '') === key)) found.push(`${key} of <${name}>`);
		for (const known of shape?.attributes ?? []) if (known.endsWith('!') && !attributes.has(known.slice(0, -1))) found.push(`<${name}> without ${known}`);
		if (name.startsWith('testsuite') && !surefireTime.test(attributes.get('time') ?? '0')) found.push(`time ${attributes.get('time')}`);
		if (!isEmpty) open.push(name);
	}
	return [...found, ...open.map((name) => `<${name}> has no end`)];
}

for (const log of logNames) test(`the log '${log}'`, (t) => t.deepEqual(complaints(junitXml(foldEvents(readLog(log)))), []));

const fold = (...bodies: readonly RunEventBody[]) => foldEvents(bodies.map((body, index): RunEvent => ({ at: 1000 + index, ...body })));
const started = (more: object = {}): RunEventBody => ({
	type: 'run-started',
	runId: 'r',
	lab: 'a "lab" <of> & \u0007\ud800',
	planSha256: '00',
	nodes: [{ name: 'web', scripts: ['setup'] }],
	tests: [],
	warnings: [],
	runDirectory: '/runs/r',
	...more,
});
const hostile = ']]><testcase/> </testsuite> &amp; "\u0000\u001b[2J';
const failed: RunEventBody = { type: 'script-finished', node: 'web', script: 'setup', status: 'failed', exitCode: 1, ms: 1, failedLine: 3, failedCommand: hostile, output: hostile };

test('what guests and plans write', (t) => {
	const leftOut = [{ path: hostile, why: hostile }];
	const waived = [{ rule: 'command-undeclared', path: hostile, message: hostile, why: hostile }];
	const xml = junitXml(fold(started({ leftOut, waived }), failed, { type: 'error', error: { code: 'x', message: hostile, exitCode: 4, detail: hostile, hint: hostile } }));
	t.deepEqual(complaints(xml), []);
	t.regex(xml, /<property name="waived" /);
});

test('a run that ended before anything began, and one of no time', (t) => {
	t.deepEqual(complaints(junitXml(fold(started({ nodes: [] })))), []);
	t.deepEqual(complaints(junitXml(fold())), []);
	t.deepEqual(complaints(junitXml(fold(started(), { ...failed, ms: 0.0001 } as RunEventBody))), []);
});

test('a script that failed is one failure, with a text', (t) => {
	const stage: RunEventBody = { type: 'stage-finished', stage: 'startup', node: 'web', status: 'failed', ms: 5 };
	const xml = junitXml(fold(started(), failed, stage, { type: 'run-finished', ms: 9 }));
	t.is(xml.match(/<failure /g)?.length, 1);
	t.regex(xml, /<testsuites [^\n]* failures="1" errors="0">/);
	t.regex(xml, /<failure [^\n]*line 3: /);
	t.is(junitXml(fold(started(), stage)).match(/<failure /g)?.length, 1, 'a stage that failed without one is reported');
});

test('what is against the schema is found', (t) => {
	t.deepEqual(complaints('<testsuites skipped="1"><testsuite name="a" tests="1" failures="0" errors="0" time="1e-7"><property name="a" value="b"/></testsuite>'), [
		'skipped of <testsuites>',
		'time 1e-7',
		'<property> in <testsuite>',
		'<testsuites> has no end',
	]);
});

test('cases have names of their own, and one cause is one failure', (t) => {
	const order = (number: number): RunEvent => ({ at: 1, type: 'order-finished', number, order: [{ node: 'client', delayMs: number }], verdict: 'failed', failures: [], runDirectory: '' });
	const restarted: RunEvent = { at: 1, type: 'machine-restarted', node: 'client', ms: 5, missing: [], scripts: [{ node: 'client', script: 'setup', status: 'failed', ms: 1, output: '' }] };
	const events = [...readLog('robustness').slice(0, -1), order(3), order(4), order(5), restarted, ...readLog('robustness').slice(-1)];
	const xml = junitXml(foldEvents(events));
	const cases = [...xml.matchAll(/<testcase classname="([^"]*)" name="([^"]*)"[^>]*?(?:\/>|>(?:<failure[^>]*message="([^"]*)")?)/g)];
	const all = cases.map(([, classname, name]) => `${classname}/${name}`).filter((name) => /order|restart: Client/.test(name));
	t.true(all.length >= 7);
	t.deepEqual(all.toSorted(), [...new Set(all)].toSorted());
	t.is(xml.match(/came back failed/g)?.length ?? 0, junitXml(foldEvents(readLog('robustness'))).match(/came back failed/g)?.length ?? 0);
});

test('a machine that ends in its startup stage is one failure', (t) => {
	const state = fold(
		started(),
		{ type: 'stage-started', stage: 'startup', node: 'web' },
		{ type: 'script-finished', node: 'web', script: 'setup', status: 'passed', ms: 3, output: '' },
		{ type: 'machine-ended', node: 'web', how: 'powered-off', message: 'it was powered off' },
		{ type: 'stage-finished', stage: 'startup', node: 'web', status: 'failed', ms: 4 },
		{ type: 'run-finished', ms: 9 },
	);
	t.is(junitXml(state).match(/<failure/g)?.length, 1);
});
