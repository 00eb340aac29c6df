/**
 * The bundled lab with one fault each: the run fails, by exactly the tests that the fault concerns. The first of them
 * is booted, the others are restored; one is run both ways, and says the same. The lab without a fault stays for a while.
 */
import test, { type ExecutionContext } from 'ava';
import { breakBundledLab, bundledLab } from '../integration/support/labs.js';
import { livesIn } from '../integration/support/living.js';
import { makeSandbox, type Sandbox } from '../integration/support/sandbox.js';
import { resultIn, runTool } from '../integration/support/tool.js';

interface Fault {
	readonly script: string;
	readonly text: string;
	readonly instead: string;
	/** The assertions that fail, as `test: node`. */
	readonly failing: readonly string[];
}

const localPostgres: Fault = {
	script: 'postgres-pgvector.sh',
	text: "listen_addresses = '*'",
	instead: "listen_addresses = 'localhost'",
	failing: ['Server reaches backends: immich-server'],
};

const noMlStub: Fault = {
	script: 'immich-ml.sh',
	text: 'systemctl restart immich-ml-compat\n',
	instead: '',
	failing: ['Stack ports listen: immich-ml', 'ML pings: immich-ml', 'Server reaches backends: immich-server'],
};

const otherPing: Fault = {
	script: 'immich-server.sh',
	text: '{"res":"pong"}',
	instead: '{"res":"gone"}',
	failing: ['Server pings: immich-server'],
};

async function fails(t: ExecutionContext, sandbox: Sandbox, lab: string, { failing }: Fault, cold: boolean): Promise<void> {
	const ended = await runTool(sandbox, ['run', lab, '--json']);
	t.is(ended.status, 1, ended.stderr + ended.stdout);
	const result = resultIn(ended);
	t.is(result.verdict, 'failed');
	t.is(result.cold, cold, ended.stderr);
	t.is(result.error, undefined, 'a lab that fails is no error of the rehearsal');
	t.true(result.nodes.every(({ status }) => status === 'passed'), 'the startup scripts themselves succeed');

	const assertions = result.tests.flatMap((test_) => test_.assertions.map((assertion) => ({ test: test_.name, ...assertion })));
	t.is(assertions.length, 10);
	const withStatus = (wanted: string) => assertions.filter(({ status }) => status === wanted);
	t.deepEqual(withStatus('failed').map((assertion) => `${assertion.test}: ${assertion.on_vm}`), failing);
	t.is(withStatus('passed').length, 10 - failing.length, 'none hides another');
	for (const { message, attempts } of withStatus('failed')) {
		t.regex(message ?? '', /^expected .+, saw .+/);
		t.true(attempts > 1, 'it was looked at until its deadline');
	}
	t.deepEqual(await sandbox.leftovers(0), []);
}

test('each fault fails what it concerns, from power-on and from a checkpoint, and the lab itself passes and is lived in', async (t) => {
	t.timeout(30 * 60_000);
	const sandbox = await makeSandbox(t, 'no accelerator', 'warm');
	const broken = ({ script, text, instead }: Fault) => breakBundledLab(sandbox, script, text, instead);
	const local = await broken(localPostgres);
	await fails(t, sandbox, local, localPostgres, true);
	await fails(t, sandbox, local, localPostgres, false);
	await fails(t, sandbox, await broken(noMlStub), noMlStub, false);
	await fails(t, sandbox, await broken(otherPing), otherPing, false);
	const ended = await runTool(sandbox, ['run', bundledLab, '--json']);
	t.is(ended.status, 0, ended.stderr + ended.stdout);
	t.false(resultIn(ended).cold);
	await livesIn(t, sandbox);
});
