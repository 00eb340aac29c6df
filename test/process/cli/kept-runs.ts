/** Runs as a rehearsal leaves them, for bundles. */
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { RunEvent } from '../../../src/lab/events.js';
import { readPlan } from '../../../src/plan/read.js';
import type { Rehearse } from './rehearse.js';

const golden = (log: string): string => path.resolve('test', 'unit', 'report', 'golden', `${log}.ndjson`);

const key = '-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n';

/** Where the runs of the tool are. */
export const runsOf = ({ directory }: Rehearse, state = 'state'): string => path.join(directory, state, 'rehearse', 'runs');

/** A run as a rehearsal leaves it, of one of the logs that have golden reports. */
export async function keepRun(tool: Rehearse, name: string, log: string): Promise<string> {
	const directory = path.join(runsOf(tool), name);
	for (const part of ['seeds', 'consoles', 'disks']) await mkdir(path.join(directory, part), { recursive: true });
	await cp(path.resolve('test', 'labs', 'pair'), path.join(directory, 'plan'), { recursive: true });
	const plan = await readPlan(path.join(directory, 'plan', 'plan.yaml'));
	await writeFile(path.join(directory, 'events.ndjson'), await readFile(golden(log)));
	await announce(directory, { planSha256: plan.sha256 });
	await writeFile(path.join(directory, 'seeds', 'server.iso'), Buffer.concat([Buffer.alloc(40_000, 0xfe), Buffer.from(JSON.stringify({ key }))]));
	await writeFile(path.join(directory, 'consoles', 'server.log'), 'login: ops\nPassword: pair-ops\n');
	await writeFile(path.join(directory, 'disks', 'server.qcow2'), 'not to be taken along');
	await writeFile(path.join(directory, 'ssh_config'), 'nor this');
	return directory;
}

/** Changes how the log of a run announces it. */
export async function announce(directory: string, changes: Partial<Extract<RunEvent, { type: 'run-started' }>>): Promise<void> {
	const log = path.join(directory, 'events.ndjson');
	const [first = '', ...others] = (await readFile(log, 'utf8')).split('\n');
	await writeFile(log, [JSON.stringify({ ...(JSON.parse(first) as object), ...changes }), ...others].join('\n'));
}

/** Everything below a directory: the text of each file by its path. */
export async function contentsOf(directory: string): Promise<Record<string, string>> {
	const entries = await readdir(directory, { recursive: true, withFileTypes: true });
	const files = entries.filter((entry) => !entry.isDirectory()).map((entry) => path.join(entry.parentPath, entry.name));
	const texts = files.map(async (file) => [path.relative(directory, file), await readFile(file, 'latin1')] as const);
	return Object.fromEntries(await Promise.all(texts));
}
