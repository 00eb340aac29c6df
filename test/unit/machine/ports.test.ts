/** The names of the ports are written twice, by QEMU's arguments and by the guest's agent, which share no code. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { agentPort, commandPort, controlChannelPort } from '../../../src/machine/spec.js';

const agent = readFileSync(path.join(process.cwd(), 'cloud-init', 'guest', 'agent'), 'utf8');

for (const port of [controlChannelPort, commandPort]) {
	test(`the agent attends to ${port}`, (t) => {
		const suffix = port.slice(agentPort.length);
		t.true(agent.includes(`-c "$port${suffix}"`), `the agent looks for no port ${suffix}`);
	});
}
