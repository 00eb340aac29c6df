/**
 * A client that begins things and does not live to end them: `vanishing-client ROOT TOOL PLAN…` calls the tool for each plan,
 * prints `server PID` and the id of each run, and then only waits.
 */
import { connect, type Run } from './client.js';

const [root = '', tool = '', ...plans] = process.argv.slice(2);
const server = await connect({ teardown: () => undefined }, { root, env: process.env as Record<string, string> });
process.stdout.write(`server ${server.pid}\n`);
for (const plan of plans) {
	const { value, error } = await server.call<Run>(tool, { plan, wait_seconds: 0 });
	process.stdout.write(`${error ?? value.run}\n`);
	if (tool === 'start_lab' && error === undefined) process.stdout.write(`${(await server.waitFor(value.run)).state}\n`);
}
process.stdout.write('waiting\n');
setInterval(() => undefined, 1000);
