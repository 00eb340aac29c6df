/** The program that keeps a lab that stays; `rehearse up` starts it, nobody calls it by hand. */
import { writeSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { keepLab, type KeptLab } from '../commands/live/keep.js';

await keepLab(JSON.parse(await text(process.stdin)) as KeptLab, (event) => {
	try {
		writeSync(3, `${JSON.stringify(event)}\n`);
	} catch {
		// `rehearse up` has seen what it waited for; the run's event log goes on.
	}
});
process.exit(0);
