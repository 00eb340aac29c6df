/**
 * `rehearse mcp`: a server of the Model Context Protocol on standard input and output, for one client.
 *
 * It contains nothing of a run: rehearsals and labs are children that run this program, changes and commands are
 * requests to a lab's control socket, and everything that it answers about a run it reads from the run's event log. So
 * one that goes on is seen alike by all servers, and one of several that breaks affects no other.
 */
import { McpServer } from '@modelcontextprotocol/server';
import { serveStdio, StdioServerTransport } from '@modelcontextprotocol/server/stdio';
import { toolVersion } from '../base/package-root.js';
import type { Mask } from '../base/secrets.js';
import type { Context } from './context.js';
import { Jobs } from './jobs.js';
import { KnownRuns } from './known-runs.js';
import { registerResources } from './resources.js';
import { Root } from './root.js';
import type { Tool } from './tool.js';
import { checkTool } from './tools/check.js';
import { explainTool, traceTool } from './tools/explain.js';
import { exportTool } from './tools/export.js';
import { changeTool, execTool, startTool, statusTool, testTool } from './tools/labs.js';
import { logTool } from './tools/logs.js';
import { cancelTool, listTool, runTool, waitTool } from './tools/runs.js';
import { instructions } from './wording.js';

export interface McpOptions {
	/** Plans are read, and exports written, below this directory only. */
	readonly root: string;
	/** The directory of all runs. */
	readonly runs: string;
	/** Ends the server. */
	readonly signal: AbortSignal;
	readonly stderr: { write(text: string): unknown };
}

/** Every tool, in the order of their use. */
export const toolsOf = (context: Context): readonly Tool[] =>
	[
		...[checkTool, runTool, waitTool, cancelTool, listTool, explainTool, traceTool, logTool],
		...[startTool, statusTool, execTool, testTool, changeTool, exportTool],
	].map((make) => make(context));

/**
 * Serves until the client is gone, or `signal` aborts. Resolves when nothing is left of what the client began.
 * @throws Failure `usage` for a root that is no directory
 */
export async function serveMcp({ root, runs, signal, stderr }: McpOptions): Promise<void> {
	const opened = await Root.open(root);
	const context: Context = { root: opened, runs: new KnownRuns(opened, runs), jobs: new Jobs(), masks: new Map<string, Mask>() };
	const transport = new StdioServerTransport();
	const log = (error: Error) => void stderr.write(`rehearse mcp: ${error.message}\n`);
	// Called for the connection, and perhaps for a client that only asks what there is before it connects.
	const handle = serveStdio(() => makeServer(context), { transport, onerror: log });
	await new Promise<void>((resolve) => {
		const { onclose } = transport;
		transport.onclose = () => {
			onclose?.();
			resolve();
		};
		if (signal.aborted) resolve();
		signal.addEventListener('abort', () => resolve(), { once: true });
	});
	await Promise.all([handle.close().catch(log), context.jobs.close()]);
}

function makeServer(context: Context): McpServer {
	const server = new McpServer({ name: 'rehearse', title: 'rehearse', version: toolVersion() }, { instructions });
	for (const tool of toolsOf(context)) tool.register(server);
	registerResources(server, context);
	return server;
}
