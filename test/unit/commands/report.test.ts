import test from 'ava';
import { reportCommand } from '../../../src/commands/report.js';

const terminal = { stdout: { write: () => true }, stdoutColor: false, width: 80 };

test('a run that --html took for its file is not written over as a page', async (t) => {
	const run = '20260101T120000-web-0a1b';
	for (const html of [run, `/state/runs/${run}`]) {
		await t.throwsAsync(reportCommand({ run: undefined, runs: '/nowhere', format: 'summary', html, terminal }), {
			code: 'usage',
			message: `--html ${html}: that is the name of a run, and --html takes a file`,
		});
	}
	await t.throwsAsync(reportCommand({ run, runs: '/nowhere', format: 'summary', html: '', terminal }), { message: /is not a run/ });
});
