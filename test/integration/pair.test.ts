/** The whole vocabulary of assertions, on two runs of one lab at once, one of them without any network. */
import test from 'ava';
import { labDirectory } from './support/labs.js';
import { makeSandbox } from './support/sandbox.js';
import { resultIn, Tool } from './support/tool.js';

test('two runs of the same lab pass at once, one of them offline', async (t) => {
	t.timeout(15 * 60_000);
	const [online, offline] = [await makeSandbox(t), await makeSandbox(t)];
	const args = ['run', labDirectory('pair'), '--json'];
	const first = new Tool(online, args);
	// The other begins once the image is there, as it could not fetch one.
	await first.reports(/images ready/, 10 * 60_000);
	const second = new Tool(offline, args, { through: ['unshare', '--user', '--map-current-user', '--net', '--'] });
	for (const [sandbox, tool] of [[online, first], [offline, second]] as const) {
		const ended = await tool.ended;
		t.is(ended.status, 0, ended.stderr + ended.stdout);
		const result = resultIn(ended);
		t.is(result.verdict, 'passed');
		t.deepEqual(result.tests.map(({ assertions }) => assertions.length), [4, 4, 3, 5]);
		t.deepEqual(await sandbox.leftovers(0), []);
	}
});
