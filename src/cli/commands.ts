/** The commands, in the order in which `--help` lists them. Each is defined in a file of commands/. */
import { completeDefinition } from './commands/complete.js';
import type { Command } from './command.js';
import { bundleDefinition } from './commands/bundle.js';
import { checkDefinition } from './commands/check.js';
import { completionDefinition } from './commands/completion.js';
import { consoleDefinition } from './commands/console.js';
import { copyDefinition } from './commands/cp.js';
import { debugDefinition } from './commands/debug.js';
import { doctorDefinition } from './commands/doctor.js';
import { downDefinition } from './commands/down.js';
import { evidenceDefinitions } from './commands/evidence.js';
import { execDefinition } from './commands/exec.js';
import { fleetDefinition } from './commands/fleet.js';
import { forwardDefinition } from './commands/forward.js';
import { graphDefinition } from './commands/graph.js';
import { helpDefinition } from './commands/help.js';
import { imageDefinition } from './commands/image.js';
import { initDefinition } from './commands/init.js';
import { isoDefinition } from './commands/iso.js';
import { linkDefinition } from './commands/link.js';
import { logsDefinition } from './commands/logs.js';
import { mcpDefinition } from './commands/mcp.js';
import { mergeDefinition } from './commands/merge.js';
import { nodePowerDefinitions } from './commands/node-power.js';
import { openDefinition } from './commands/open.js';
import { pruneDefinition } from './commands/prune.js';
import { reloadDefinition } from './commands/reload.js';
import { reportDefinition } from './commands/report.js';
import { resetDefinition } from './commands/reset.js';
import { runDefinition } from './commands/run.js';
import { runsDefinition } from './commands/runs.js';
import { seedDefinition } from './commands/seed.js';
import { sshConfigDefinition } from './commands/ssh-config.js';
import { sshDefinition } from './commands/ssh.js';
import { statusDefinition } from './commands/status.js';
import { testDefinition } from './commands/test.js';
import { traceDefinition } from './commands/trace.js';
import { upDefinition } from './commands/up.js';
import { watchDefinition } from './commands/watch.js';

const named: readonly Command[] = [
	initDefinition,
	runDefinition,
	watchDefinition,
	fleetDefinition,
	checkDefinition,
	graphDefinition,
	imageDefinition,
	isoDefinition,
	seedDefinition,
	upDefinition,
	downDefinition,
	statusDefinition,
	reloadDefinition,
	resetDefinition,
	sshDefinition,
	execDefinition,
	copyDefinition,
	sshConfigDefinition,
	consoleDefinition,
	logsDefinition,
	forwardDefinition,
	testDefinition,
	linkDefinition,
	...nodePowerDefinitions,
	debugDefinition,
	traceDefinition,
	reportDefinition,
	mergeDefinition,
	...evidenceDefinitions,
	bundleDefinition,
	openDefinition,
	mcpDefinition,
	runsDefinition,
	doctorDefinition,
	pruneDefinition,
	completionDefinition,
];

/** With those that are about them: the reference, and what shells ask. */
export const commands: readonly Command[] = [...named, helpDefinition(named), completeDefinition([...named, helpDefinition(named)])];
