/** A run of the bundled lab in the directory of the tool, as a rehearsal leaves it, without one having been made. */
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { ExecutionContext } from 'ava';
import { readGuestDefinition } from '../../../src/image/guest.js';
import type { Lab } from '../../../src/lab/lab.js';
import { maskEvent, masksOf } from '../../../src/lab/mask.js';
import { readPlan } from '../../../src/plan/read.js';
import { resolveLab } from '../../../src/plan/resolve.js';
import { run } from '../../../src/process/run.js';
import { copyPlan } from '../../../src/runs/plan-copy.js';
import { eventsOf, type Faults } from '../../unit/page/runs.js';
import { makeRehearse, type Rehearse } from './rehearse.js';

/** The tool with a run that it may have made. */
export interface FinishedRun extends Rehearse {
	readonly lab: Lab;
	/** Directory of the run. */
	readonly run: string;
	/** Files in the directory of the tool. */
	readonly key: string;
	readonly signers: string;
}

/** The bundled lab in a directory of its own, and a run of it as a rehearsal leaves it. */
export async function makeRun(t: ExecutionContext, faults: Faults = {}): Promise<FinishedRun> {
	const tool = await makeRehearse(t);
	const home = path.join(tool.directory, 'lab');
	await cp(path.resolve('cloud-init', 'labs', 'immich-photo-vault'), home, { recursive: true });
	const lab = resolveLab(await readPlan(path.join(home, 'plan.json')), await readGuestDefinition());
	const runDirectory = path.join(tool.directory, 'state', 'rehearse', 'runs', '20260101T000000-immich-photo-vault-aaaa');
	await mkdir(path.join(runDirectory, 'consoles'), { recursive: true });
	const masks = masksOf(lab, false);
	await copyPlan(lab, await readFile(lab.planPath, 'utf8'), runDirectory, masks.plan);
	const events = eventsOf(lab, { ...faults, runDirectory }).map((event) => maskEvent(event, masks.text));
	await writeFile(path.join(runDirectory, 'events.ndjson'), events.map((event) => `${JSON.stringify(event)}\n`).join(''));
	await writeFile(path.join(runDirectory, 'consoles', 'redis.log'), 'redis login:\n');
	const machines = {
		schema: 1,
		versions: { rehearse: '0.1.0', qemu: '10.0.2' },
		machines: lab.nodes.map(({ name: node }) => ({ node, image: 'abcd' })),
		images: [{ key: 'abcd', suite: 'trixie', packages: ['bash 5.2.37-2 amd64 bash 5.2.37-2', 'adduser 3.152'] }],
	};
	await writeFile(path.join(runDirectory, 'machines.json'), `${JSON.stringify(machines)}\n`);
	const [key, signers] = [path.join(tool.directory, 'key'), path.join(tool.directory, 'signers')];
	await run(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', key]);
	await writeFile(signers, `ann@example.org ${await readFile(`${key}.pub`, 'utf8')}`);
	return { ...tool, lab, run: runDirectory, key, signers };
}

/** Flags of `export` that have it signed. */
export const signing = ({ key }: FinishedRun): string[] => ['--sign', key, '--signer', 'Ann Auditor', '--meaning', 'reviewed'];

/** All regular files below a directory, sorted. */
export const filesIn = async (directory: string): Promise<string[]> =>
	(await readdir(directory, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name)).sort();
