/** The bundled lab with one fault each: the run fails, by exactly the tests that the fault concerns. */
import test from 'ava';
import { breakBundledLab } from './support/labs.js';
import { makeSandbox } from './support/sandbox.js';
import { resultIn, runTool } from './support/tool.js';

interface Fault {
	readonly script: string;
	readonly text: string;
	readonly instead: string;
	/** The assertions that fail, as `test: node`. */
	readonly failing: readonly string[];
}

const fails = test.macro(async (t, { script, text, instead, failing }: Fault) => {
	t.timeout(20 * 60_000);
	const sandbox = await makeSandbox(t);
	const lab = await breakBundledLab(sandbox, script, text, instead);
	const ended = await runTool(sandbox, ['run', lab, '--json']);
	t.is(ended.status, 1, ended.stderr + ended.stdout);
	const { verdict, error, nodes, tests } = resultIn(ended);
	t.is(verdict, 'failed');
	t.is(error, undefined, 'a lab that fails is no error of the rehearsal');
	t.true(nodes.every(({ status }) => status === 'passed'), 'the startup scripts themselves succeed');

	const assertions = tests.flatMap((test_) => test_.assertions.map((assertion) => ({ test: test_.name, ...assertion })));
	t.is(assertions.length, 10);
	const withStatus = (wanted: string) => assertions.filter(({ status }) => status === wanted);
	t.deepEqual(withStatus('failed').map((assertion) => `${assertion.test}: ${assertion.on_vm}`), failing);
	t.is(withStatus('passed').length, 10 - failing.length, 'none hides another');
	for (const { message, attempts } of withStatus('failed')) {
		t.regex(message ?? '', /^expected .+, saw .+/);
		t.true(attempts > 1, 'it was looked at until its deadline');
	}
	t.deepEqual(await sandbox.leftovers(0), []);
});

test.serial('PostgreSQL listens on localhost only', fails, {
	script: 'postgres-pgvector.sh',
	text: "listen_addresses = '*'",
	instead: "listen_addresses = 'localhost'",
	failing: ['Server reaches backends: immich-server'],
});

test.serial('the ML stub is not started', fails, {
	script: 'immich-ml.sh',
	text: 'systemctl restart immich-ml-compat\n',
	instead: '',
	failing: ['Stack ports listen: immich-ml', 'ML pings: immich-ml', 'Server reaches backends: immich-server'],
});

test.serial('the ping answers something else', fails, {
	script: 'immich-server.sh',
	text: '{"res":"pong"}',
	instead: '{"res":"gone"}',
	failing: ['Server pings: immich-server'],
});
