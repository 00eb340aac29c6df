import path from 'node:path';
import { makeDirectory } from '../../base/files.js';
import { linesOf } from '../../base/lines.js';
import { programFile } from '../../base/package-root.js';
import type { RunEvent } from '../../lab/events.js';
import { emptyRun, foldEvent } from '../../outcome/fold.js';
import type { RunState } from '../../outcome/state.js';
import { startDaemon, type Daemon } from '../../process/daemon.js';
import { stopOnSignals } from '../stop.js';
import type { Terminal } from '../terminal.js';
import { startView, type View } from '../view.js';
import type { KeptLab } from './keep.js';

export interface BroughtUp {
	readonly state: RunState;
	readonly isUp: boolean;
}

/** Starts the process that keeps a lab, and shows how that comes up. Resolves when it is up, or will not be. */
export async function bringUp(kept: KeptLab, terminal: Terminal): Promise<BroughtUp> {
	const stopping = stopOnSignals();
	const view = await startView(terminal);
	const log = await daemonLog(kept);
	const keeper = await startDaemon([process.execPath, programFile('keeper')], JSON.stringify({ ...kept, daemonLog: log }), log);
	stopping.signal.addEventListener('abort', () => keeper.kill('SIGINT'), { once: true });
	stopping.urgent.addEventListener('abort', () => keeper.kill('SIGTERM'), { once: true });
	try {
		return await follow(keeper, view);
	} finally {
		keeper.leave();
		await view.stop();
		stopping.done();
	}
}

/** Where the process that keeps a lab writes what it has no other place for; `rehearse status` names it. */
async function daemonLog({ lab, paths }: KeptLab): Promise<string> {
	const directory = path.join(paths.state, 'daemons');
	await makeDirectory(directory, 0o700);
	return path.join(directory, `${lab.name}.log`);
}

async function follow(keeper: Daemon, view: View): Promise<BroughtUp> {
	let state = emptyRun();
	for await (const line of linesOf(keeper.said)) {
		const event = JSON.parse(line) as RunEvent;
		state = foldEvent(state, event);
		if (event.type === 'kept') return { state, isUp: true };
		view.onEvent(event);
	}
	return { state, isUp: false };
}
