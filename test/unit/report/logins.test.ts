/** What every report makes of a login check. */
import test from 'ava';
import type { LoginOutcome, RunEvent, RunEventBody } from '../../../src/lab/events.js';
import { foldEvents } from '../../../src/outcome/fold.js';
import { resultOf } from '../../../src/outcome/result.js';
import { failureSentences } from '../../../src/report/failures.js';
import { junitXml } from '../../../src/report/junit.js';
import { summary } from '../../../src/report/summary.js';
import { readLog } from './golden.js';

/** A run that has passed, with the login check of its first node. */
function runWith(login: Pick<LoginOutcome, 'status' | 'message'>) {
	const events = readLog('passed');
	const node = resultOf(foldEvents(events)).nodes[0]?.name ?? '';
	const body: RunEventBody = { type: 'login-checked', node, username: 'ops', port: 22, ms: 5, ...login };
	const event: RunEvent = { at: events.at(-2)?.at ?? 0, ...body };
	const state = foldEvents([...events.slice(0, -1), event, ...events.slice(-1)]);
	return { node, state, result: resultOf(state), text: summary(state, { color: false, width: 100 }) };
}

const refused = "SSH of web refuses user 'ops' with the declared password";

test('a user who gets in is a key of the result, and no news', (t) => {
	const { result, text } = runWith({ status: 'passed' });
	t.is(result.verdict, 'passed');
	t.deepEqual(result.nodes[0]?.login, { user: 'ops', port: 22, status: 'passed' });
	t.notRegex(text, /SSH as/);
});

test('a user who does not get in fails the node and the lab', (t) => {
	const { node, state, result, text } = runWith({ status: 'failed', message: refused });
	t.is(result.verdict, 'failed');
	t.is(result.nodes[0]?.status, 'failed');
	t.regex(text, /SSH as ops +failed\n.*refuses user 'ops'/);
	t.deepEqual(failureSentences(state), [`${node}: SSH as ops: ${refused}`]);
	t.regex(junitXml(state), /<testsuite name="SSH logins" [^>]* failures="1"/);
});

test('a node that keeps people out by its own will fails nothing, and is reported', (t) => {
	const { state, result, text } = runWith({ status: 'closed', message: 'its SSH server takes no passwords' });
	t.is(result.verdict, 'passed');
	t.is(result.nodes[0]?.login?.status, 'closed');
	t.regex(text, /SSH as ops +closed\n.*takes no passwords/);
	t.deepEqual(failureSentences(state), []);
	t.regex(junitXml(state), /<testsuite name="SSH logins" [^>]* failures="0"/);
});
