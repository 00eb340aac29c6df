/** The supervisor, the first process of a lab's namespaces. `rehearse` starts it; people do not. */
import { writeSync } from 'node:fs';
import { supervisorMain } from '../supervisor/main.js';

await supervisorMain(process.stdin, (line) => {
	try {
		writeSync(3, line);
	} catch {
		// The reader has disconnected. The end of the input reports that too, and the lab is being torn down.
	}
});
process.exit(0);
