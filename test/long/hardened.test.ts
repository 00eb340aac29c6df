/** A lab that locks its SSH passes, and whoever tries to get in is told why that cannot be. */
import test from 'ava';
import { labDirectory } from '../integration/support/labs.js';
import { makeSandbox } from '../integration/support/sandbox.js';
import { resultIn, runTool } from '../integration/support/tool.js';

test('a lab without passwords, forwarding and port 22 passes, and says so', async (t) => {
	t.timeout(20 * 60_000);
	const sandbox = await makeSandbox(t);
	const lab = labDirectory('hardened');
	const run = await runTool(sandbox, ['run', lab, '--json']);
	t.is(run.status, 0, run.stderr + run.stdout);
	const { nodes, tests } = resultIn(run);
	t.deepEqual(tests.map(({ status, assertions }) => [status, assertions.length]), [['passed', 3], ['passed', 5]]);
	t.like(nodes[0]?.login, { user: 'ops', port: 2222, status: 'closed' });
	t.regex(nodes[0]?.login?.message ?? '', /takes no passwords \(port 2222\)/);

	const up = await runTool(sandbox, ['up', lab]);
	t.is(up.status, 0, up.stderr);
	const ssh = await runTool(sandbox, ['ssh', 'vault', 'true']);
	t.is(ssh.status, 255);
	t.regex(ssh.stderr, /vault: its SSH server takes no passwords \(port 2222\)/);
	t.regex(ssh.stderr, /rehearse console vault/);
	t.is((await runTool(sandbox, ['test'])).status, 0);
	t.is((await runTool(sandbox, ['down'])).status, 0);
	t.deepEqual(await sandbox.leftovers(10_000), []);
});
