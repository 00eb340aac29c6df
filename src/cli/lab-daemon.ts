/** The lab daemon, which runs a detached lab. `rehearse up` and `rehearse open` start it; people do not. */
import { writeSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { runDetached, type DetachedLab } from '../commands/live/detached.js';

await runDetached(JSON.parse(await text(process.stdin)) as DetachedLab, (event) => {
	try {
		writeSync(3, `${JSON.stringify(event)}\n`);
	} catch {
		// The client has disconnected. The run's event log continues.
	}
});
process.exit(0);
