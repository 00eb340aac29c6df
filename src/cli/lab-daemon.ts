/** The program that keeps a lab that stays; `rehearse up` starts it, nobody calls it by hand. */
import { writeSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { runDetached, type DetachedLab } from '../commands/live/detached.js';

await runDetached(JSON.parse(await text(process.stdin)) as DetachedLab, (event) => {
	try {
		writeSync(3, `${JSON.stringify(event)}\n`);
	} catch {
		// `rehearse up` has seen what it waited for; the run's event log goes on.
	}
});
process.exit(0);
