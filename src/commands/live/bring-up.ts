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
import type { DetachedLab } from './detached.js';

/** The outcome of a start: the folded events, and whether the lab is ready. */
export interface BroughtUp {
	readonly state: RunState;
	readonly isUp: boolean;
}

/** Starts a lab daemon, and shows its progress. Resolves when the lab is ready, or the start has failed. */
export async function bringUp(detached: DetachedLab, terminal: Terminal): Promise<BroughtUp> {
	const stopping = stopOnSignals();
	const view = await startView(terminal);
	const log = await daemonLog(detached);
	const daemon = await startDaemon([process.execPath, programFile('lab-daemon')], JSON.stringify({ ...detached, daemonLog: log }), log);
	stopping.signal.addEventListener('abort', () => daemon.kill('SIGINT'), { once: true });
	stopping.urgent.addEventListener('abort', () => daemon.kill('SIGTERM'), { once: true });
	try {
		return await follow(daemon, view);
	} finally {
		daemon.leave();
		await view.stop();
		stopping.done();
	}
}

/** Where the process that keeps a lab writes what it has no other place for; `rehearse status` names it. */
async function daemonLog({ lab, paths }: DetachedLab): Promise<string> {
	const directory = path.join(paths.state, 'daemons');
	await makeDirectory(directory, 0o700);
	return path.join(directory, `${lab.name}.log`);
}

async function follow(daemon: Daemon, view: View): Promise<BroughtUp> {
	let state = emptyRun();
	for await (const line of linesOf(daemon.output)) {
		const event = JSON.parse(line) as RunEvent;
		state = foldEvent(state, event);
		if (event.type === 'detached') return { state, isUp: true };
		view.onEvent(event);
	}
	return { state, isUp: false };
}
