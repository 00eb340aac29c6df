/** Small scripts in the shapes of public provisioning scripts: with and without trace they do the same. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { runBothWays } from './both-ways.js';

const directory = path.join(process.cwd(), 'test', 'process', 'guest', 'scripts');
const names = readdirSync(directory).filter((name) => name.endsWith('.sh'));

test('there are fifty', (t) => t.true(names.length >= 50));

for (const name of names) {
	test(`${path.basename(name, '.sh')} does with a trace what it does without`, async (t) => {
		const bytes = readFileSync(path.join(directory, name));
		const { traced, plain } = await runBothWays(t, bytes);
		t.deepEqual(traced.files, plain.files);
		t.is(traced.output, plain.output);
		t.is(traced.exitCode, plain.exitCode);
		t.not(traced.trace.shell, 'none', traced.trace.why);
		// Whatever is reported is in the script, or else nothing is.
		const lines = bytes.toString().split('\n');
		t.true(traced.failedLine === undefined || lines[traced.failedLine - 1]?.trim() !== '');
		t.is(traced.failedLine === undefined, traced.exitCode === 0, JSON.stringify({ ...traced, files: undefined }, undefined, 1));
	});
}
