/** The workflows of the README: they are YAML, and what they run is what the tool knows. */
import { readFileSync } from 'node:fs';
import test from 'ava';
import { parse } from 'yaml';
import { makeRehearse } from './rehearse.js';

const readme = readFileSync('README.md', 'utf8');
const workflows = [...readme.matchAll(/^```yaml\n(# \.git[^]*?)^```$/gm)].map(([, text = '']) => text);

/** Every command line of this tool in a value, however deep. */
function commandsIn(value: unknown): string[] {
	if (typeof value === 'string') return [...value.matchAll(/\.rehearse\/bin\/rehearse (.*)/g)].map(([, words = '']) => words);
	return value !== null && typeof value === 'object' ? Object.values(value).flatMap(commandsIn) : [];
}

test('there is a workflow for GitHub and one for GitLab, and each runs the lab', (t) => {
	t.is(workflows.length, 2);
	for (const text of workflows) t.true(commandsIn(parse(text)).some((words) => words.startsWith('run my-lab --cold')), text);
});

for (const words of workflows.flatMap((text) => commandsIn(parse(text)))) {
	test(`the tool knows every flag of: ${words}`, async (t) => {
		const tool = await makeRehearse(t);
		const [command = '', ...rest] = words.split(' ');
		const { stdout } = await tool.rehearse([command, '--help']);
		for (const flag of rest.filter((word) => word.startsWith('--'))) t.regex(stdout, new RegExp(`${flag}\\b`));
	});
}
