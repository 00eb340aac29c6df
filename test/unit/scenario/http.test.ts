import test from 'ava';
import type { AssertionOf } from '../../../src/scenario/check.js';
import { judgeHttp, requestTimeoutMs } from '../../../src/scenario/http.js';

const http: AssertionOf<'http_responds'> = {
	type: 'http_responds',
	onVm: 'guest',
	url: 'http://localhost/',
	status: 200,
	method: 'GET',
};

const judges = test.macro((t, parameters: Partial<typeof http>, status: number, body: string, expected: true | RegExp) => {
	const { passed, message } = judgeHttp({ ...http, ...parameters }, { status, body });
	if (expected === true) return t.true(passed);
	t.false(passed);
	return t.regex(message, expected);
});
test('HTTP: the status', judges, {}, 200, 'x', true);
test('HTTP: another status', judges, {}, 503, 'busy\n', /expected status 200, saw status 503 and body "busy"/);
test('HTTP: a redirect is not followed', judges, {}, 302, '', /saw status 302/);
test('HTTP: the text', judges, { contains: '"res":"pong"' }, 200, '{"res":"pong"}', true);
test(
	'HTTP: another text',
	judges,
	{ contains: 'pong' },
	200,
	'ping',
	/and "pong" in the body, saw status 200 and body "ping"/,
);
test('HTTP: the text, but another status', judges, { contains: 'pong' }, 500, 'pong', /saw status 500/);

test("a request's time is the plan's, stretched, within the look's", (t) => {
	t.is(requestTimeoutMs({ ...http, timeout: 2 }, { slowdown: 4, timeoutMs: 60_000 }), 8000);
	t.is(requestTimeoutMs({ ...http, timeout: 2 }, { slowdown: 4, timeoutMs: 5000 }), 5000);
	t.is(requestTimeoutMs(http, { slowdown: 1, timeoutMs: 60_000 }), 10_000);
});
