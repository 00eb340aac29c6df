import test from 'ava';
import type { OutboundConnection, RunEvent } from '../../../src/lab/events.js';
import type { ScriptTrace, TraceStep } from '../../../src/lab/trace.js';
import { foldEvents } from '../../../src/outcome/fold.js';
import { outboundFindings, outboundResult } from '../../../src/outcome/outbound.js';
import { momentText, outboundTarget } from '../../../src/report/outbound.js';

const step = (line: number, command: string, more: Partial<TraceStep> = {}): TraceStep => ({ line, command, depth: 0, ...more });

const dns = (name: string, seenAt: number, type = 'A'): OutboundConnection => ({
	...{ node: 'web', seenAt, protocol: 'udp', address: '1.1.1.1', port: 53 },
	question: { name, type },
});
const tcp = (address: string, port: number, seenAt: number, node = 'web'): OutboundConnection => ({ node, seenAt, protocol: 'tcp', address, port });

/** What is found where `setup` runs from 1000 to 9000 and `more` from 10 000 to 12 000. */
function findingsOf(trace: ScriptTrace | undefined, ...outbound: readonly OutboundConnection[]) {
	const script = (name: string, from: number, to: number): RunEvent[] => [
		{ at: from, type: 'script-started', node: 'web', script: name },
		{ at: to, type: 'script-finished', node: 'web', script: name, status: 'passed', ms: to - from, output: '', ...(trace ? { trace } : {}) },
	];
	return outboundFindings(
		foldEvents([
			{
				...{ at: 0, type: 'run-started', runId: 'r', lab: 'l', planSha256: '', tests: [], warnings: [], runDirectory: '' },
				nodes: [{ name: 'web', scripts: ['setup', 'more'] }, { name: 'db', scripts: [] }],
			},
			...script('setup', 1000, 9000),
			...script('more', 10_000, 12_000),
			...outbound.map((connection): RunEvent => ({ at: 20_000, type: 'outbound-connection', count: 1, ...connection })),
		]),
	).map((finding) => [finding.node, outboundTarget(finding), finding.count, momentText(finding.moment)]);
}

const bash: ScriptTrace = {
	shell: 'bash',
	steps: [
		step(2, 'curl -m 5 http://example.org', { at: 1500, ms: 3000 }),
		step(4, 'fetch', { at: 5000, ms: 1000 }),
		step(7, 'nc -z 192.0.2.1 443', { at: 5100, ms: 500, depth: 1, source: '/root/lib.sh' }),
	],
};

test('a connection is that of the command that ran', (t) => {
	t.deepEqual(findingsOf(bash, dns('example.org', 1600), dns('example.org', 1601, 'AAAA'), tcp('192.0.2.1', 443, 5200)), [
		['web', 'example.org (DNS A, AAAA)', 2, 'setup, line 2: curl -m 5 http://example.org'],
		['web', '192.0.2.1:443/tcp', 1, 'setup, /root/lib.sh, line 7: nc -z 192.0.2.1 443'],
	]);
});

test('of commands close to each other it is the one with the address in it, the innermost', (t) => {
	const steps = [
		step(2, 'nc -z 192.0.2.1 443', { at: 2000, ms: 40 }),
		step(3, 'try nc -z 192.0.2.2 443', { at: 2045, ms: 40 }),
		step(9, 'nc -z 192.0.2.2 443', { at: 2046, ms: 30, depth: 1 }),
		step(9, 'echo nc -z 192.0.2.2 443', { at: 2077, ms: 1, depth: 1 }),
		step(4, 'apt-get update', { at: 2100, ms: 500 }),
	];
	const outbound = [tcp('192.0.2.2', 443, 2010), dns('example.org', 2200), tcp('192.0.2.1', 443, 2650)];
	t.deepEqual(findingsOf({ shell: 'bash', steps }, ...outbound).map((finding) => finding.at(-1)), [
		'setup, line 9: nc -z 192.0.2.2 443',
		'setup, line 4: apt-get update',
		'setup, line 4: apt-get update',
	]);
});

test('of a trace without times, that of the command with its name in it', (t) => {
	const dash: ScriptTrace = { shell: 'dash', steps: [step(2, 'true'), step(3, 'curl http://example.org')] };
	t.deepEqual(findingsOf(dash, dns('example.org', 1600), tcp('192.0.2.1', 443, 1700)), [
		['web', 'example.org (DNS A)', 1, 'setup, line 3: curl http://example.org'],
		['web', '192.0.2.1:443/tcp', 1, 'while setup was running'],
	]);
});

test('without a trace it is the script that ran', (t) => {
	t.deepEqual(findingsOf(undefined, tcp('192.0.2.1', 80, 1600)), [['web', '192.0.2.1:80/tcp', 1, 'while setup was running']]);
});

test('no script was running', (t) => {
	const at = [500, 9500, 13_000].map((seenAt, index) => tcp('192.0.2.1', index, seenAt));
	t.deepEqual(findingsOf(bash, ...at, tcp('192.0.2.1', 80, 5000, 'db')), [
		['web', '192.0.2.1:0/tcp', 1, 'no script was running (before its startup scripts)'],
		['web', '192.0.2.1:1/tcp', 1, 'no script was running (between its startup scripts)'],
		['web', '192.0.2.1:2/tcp', 1, 'no script was running (after its startup scripts)'],
		['db', '192.0.2.1:80/tcp', 1, 'no script was running (before its startup scripts)'],
	]);
});

test('what a script began is no finding of its own when it goes on afterwards', (t) => {
	const asked = [dns('example.org', 1600), tcp('1.1.1.1', 53, 1700), dns('example.org', 9500), dns('example.org', 13_000), tcp('1.1.1.1', 53, 14_000)];
	t.deepEqual(findingsOf(undefined, ...asked), [['web', 'example.org (DNS A)', 5, 'while setup was running']]);
	t.deepEqual(findingsOf(undefined, dns('example.org', 1600), dns('example.org', 10_500)), [
		['web', 'example.org (DNS A)', 1, 'while setup was running'],
		['web', 'example.org (DNS A)', 1, 'while more was running'],
	]);
});

test('a DNS server that nobody asked anything is a place like any other', (t) => {
	t.deepEqual(findingsOf(undefined, tcp('1.1.1.1', 53, 1600)), [['web', '1.1.1.1:53/tcp', 1, 'while setup was running']]);
});

test('for programs', (t) => {
	const finding = { node: 'web', protocol: 'icmp', address: '192.0.2.1', count: 3, firstAt: 0, moment: { script: 'setup', line: 3, command: 'ping\x1b[0m' } } as const;
	t.deepEqual(outboundResult(finding), {
		...{ node: 'web', protocol: 'icmp', address: '192.0.2.1', count: 3, first_at: '1970-01-01T00:00:00.000Z' },
		...{ script: 'setup', line: 3, command: 'ping' },
	});
});
