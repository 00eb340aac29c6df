/**
 * Does what `rehearse check` does with one lab after another, without starting a program for each. Reads a request on each line
 * of standard input, and answers it on a line of standard output.
 */
import { linesOf } from '../../../src/base/lines.js';
import { printFailure } from '../../../src/cli/failure.js';
import { checkCommand } from '../../../src/commands/check.js';

/** A lab to be checked. */
export interface CheckRequest {
	readonly lab: string;
	readonly isJson: boolean;
}

/** What the program would print, and the exit status that it would end with. */
export interface CheckAnswer {
	readonly exitCode: number;
	readonly stdout: string;
	readonly stderr: string;
}

async function check({ lab, isJson }: CheckRequest): Promise<CheckAnswer> {
	let [stdout, stderr] = ['', ''];
	const take = (text: string) => void (stdout += text);
	try {
		const exitCode = await checkCommand({ lab, format: isJson ? 'json' : 'text', schema: false, color: false, stdout: take });
		return { exitCode, stdout, stderr };
	} catch (error) {
		const exitCode = printFailure({ write: (text: string) => void (stderr += text) }, error);
		return { exitCode, stdout, stderr };
	}
}

for await (const line of linesOf(process.stdin)) process.stdout.write(`${JSON.stringify(await check(JSON.parse(line) as CheckRequest))}\n`);
