/** Edits of the bundled lab whose effect the verdict shows: a script writes a mark, and an assertion asks for it. */
import { appendFile } from 'node:fs/promises';
import path from 'node:path';
import { editPlan } from './workshop.js';

/** Where the edited script leaves its mark. */
const markFile = '/run/rehearse-bench';

/** The line that is added to a startup script. */
export const markLine = (mark: string): string => `echo ${mark} >${markFile}\n`;

/** The test that passes only when the edited script has run. Every edit has a mark of its own. */
export const markTest = (node: string, mark: string): object => ({
	name: `Edit ${mark}`,
	assertions: [{ type: 'command_output', on_vm: node, params: { command: `cat ${markFile}`, equals: mark } }],
});

/** Edits a node's startup script, and has the scenario ask for the edit's effect. */
export async function editScript(lab: string, node: string, mark: string): Promise<void> {
	await appendFile(path.join(lab, 'startup', `${node}.sh`), markLine(mark));
	await editPlan(lab, ({ scenarios }) => {
		const tests = scenarios[0]?.custom_tests;
		if (!tests) throw new Error(`${lab} has no scenario`);
		const kept = tests.filter((test) => !('name' in test && String(test.name).startsWith('Edit ')));
		tests.splice(0, tests.length, ...kept, markTest(node, mark));
	});
}
