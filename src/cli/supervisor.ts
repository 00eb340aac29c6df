/** The program that `rehearse` runs as the first process of a lab's namespaces; nobody calls it by hand. */
import { writeSync } from 'node:fs';
import { supervisorMain } from '../supervisor/main.js';

await supervisorMain(process.stdin, (line) => {
	try {
		writeSync(3, line);
	} catch {
		// Whoever listened is gone; the end of the input says so too, and the lab is being torn down.
	}
});
process.exit(0);
