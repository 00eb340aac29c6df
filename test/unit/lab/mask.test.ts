import test from 'ava';
import { brokenFailure } from '../../../src/base/errors.js';
import type { RunEventBody } from '../../../src/lab/events.js';
import { maskEvent, maskFailure, masksOf, maskValue, RunMasks, shownEvent } from '../../../src/lab/mask.js';
import { scriptSources } from '../../../src/lab/script-source.js';
import { labNode, labOf } from '../base/labs.js';

const secret = 'swordfish-17';
const node = labNode(secret, 0, {
	users: [{ username: 'ops', password: secret, groups: [], shell: '/bin/sh' }],
	startupScripts: [{ name: 'first', text: `echo ${secret}\n`, after: 'network-online.target' }],
});
const lab = labOf(node);

test('an event has no password in what was written, and its names are kept', (t) => {
	const event: RunEventBody = {
		type: 'script-finished',
		...{ node: secret, script: 'first', status: 'failed', ms: 1, failedCommand: `echo ${secret}`, output: `it is ${secret}\n` },
		excerpt: { firstLine: 1, lines: [`echo ${secret}`] },
		trace: { shell: 'bash', steps: [{ command: `curl -u ops:${secret}`, depth: 0, message: secret, output: secret }] },
	};
	const masked = maskEvent(event, masksOf(lab, false).text);
	t.is(JSON.stringify(masked).match(new RegExp(secret, 'g'))?.length, 1);
	t.is(masked.node, secret);
	t.is(maskEvent(event, masksOf(lab, true).text), event);
});

test('a name that a machine asks the world for is its own words, and lists of nodes are names', (t) => {
	const mask = masksOf(lab, false).text;
	const question = { name: `${secret}.example.com`, type: 'A' };
	const asked = { ...({ type: 'outbound-connection', protocol: 'udp' } as const), node: secret, seenAt: 1, address: '192.0.2.53', question, count: 1 };
	const shown = shownEvent(asked, mask);
	t.is(shown.question.name, '__password-of-ops__.example.com');
	t.is(shown.node, secret);
	t.deepEqual(maskValue({ outbound: [{ node: secret, protocol: 'udp', name: `${secret}.example.com` }] }, mask), { outbound: [{ node: secret, protocol: 'udp', name: '__password-of-ops__.example.com' }] });
	const events: readonly RunEventBody[] = [
		{ type: 'stage-progress', stage: 'images', nodes: [secret], detail: secret },
		{ type: 'nodes-replaced', nodes: [secret], planSha256: '00', newPasswords: false },
	];
	for (const event of events) t.deepEqual((shownEvent(event, mask) as { nodes: readonly string[] }).nodes, [secret]);
});

test('differences and second runs are masked as well', (t) => {
	const event: RunEventBody = {
		type: 'script-repeated',
		...{ node: 'a', script: 'first', status: 'passed', ms: 1, output: '' },
		differences: [{ kind: 'file', subject: '/etc/x', change: 'changed', addedLines: [`pw=${secret}`], line: 3 }],
	};
	t.notRegex(JSON.stringify(maskEvent(event, masksOf(lab, false).text)), new RegExp(secret));
});

test('sources of scripts are bounded', (t) => {
	const [short] = scriptSources(lab);
	t.is(short?.text, `echo ${secret}\n`);
	const long = labOf(labNode('web', 0, { startupScripts: [{ name: 'first', text: 'x'.repeat(100_000), after: 'a' }] }));
	const [cut] = scriptSources(long);
	t.true(cut?.isCut);
	t.is(cut?.text.length, 64 * 1024);
});

test('a failure has no password in its message, and is otherwise what it was', (t) => {
	const failure = brokenFailure('gone', `it sent ${secret}`, { node: 'web', hint: `try ${secret}`, detail: `as ${secret}` });
	const masked = maskFailure(failure, masksOf(lab, false).text);
	t.like(masked, { code: 'gone', exitCode: failure.exitCode, node: 'web' });
	t.notRegex(JSON.stringify([masked.message, masked.hint, masked.detail]), new RegExp(secret));
	t.regex(maskFailure(new Error(secret), masksOf(lab, false).text).message, /^__password-of-ops__$/);
});

test('a password that a control sequence divides is masked as well', (t) => {
	const divided = `${secret.slice(0, 4)}\x1b[1m${secret.slice(4)}`;
	const event: RunEventBody = { type: 'notice', message: `it is ${divided}` };
	t.notRegex(JSON.stringify(shownEvent(event, masksOf(lab, false).text)), new RegExp(secret));
});

test('a run masks the passwords that it learns, and those that it knew; or none', (t) => {
	const masks = new RunMasks(lab, false);
	masks.learn([{ user: 'web', password: 'marlin-number-18' }]);
	masks.learn([{ user: 'ops', password: secret }]);
	t.is(masks.text(`${secret} marlin-number-18`), '__password-of-ops__ __password-of-web__');
	t.is(masks.plan(`password: marlin-number-18`), 'password: __password-of-web__');
	const open = new RunMasks(lab, true);
	open.learn([{ user: 'web', password: 'marlin-number-18' }]);
	t.is(open.text(`${secret} marlin-number-18`), `${secret} marlin-number-18`);
});

test('a password that was asked for as a name is none that a person gave', (t) => {
	const { text: mask } = masksOf(lab, false);
	const connection = { node: secret, protocol: 'dns', port: 53, name: `${secret}.example.org` };
	t.deepEqual(maskValue({ outside: [connection] }, mask), { outside: [{ ...connection, name: '__password-of-ops__.example.org' }] });
});

test('bytes that are no text are masked as well', (t) => {
	const password = 'p\u00e4ssw\u00f6rter';
	const other = labOf(labNode('web', 0, { users: [{ username: 'ops', password, groups: [], shell: '/bin/sh' }] }));
	const bytes = Buffer.concat([Buffer.from(`login ${password} `), Buffer.from([0xc3])]);
	t.is(masksOf(other, false).bytes(bytes.toString('latin1')), 'login __password-of-ops__ \xc3');
});
