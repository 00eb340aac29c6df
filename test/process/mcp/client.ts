/** A client of the built server, and what its tools answered. */
import { performance } from 'node:perf_hooks';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { program } from '../cli/rehearse.js';
import type { FakeHost } from './fake-host.js';

/** What a tool answered: `value` where it is no error, the message of the error otherwise. */
export interface ToolAnswer<T = Record<string, unknown>> {
	readonly value: T;
	readonly error: string | undefined;
	readonly text: string;
	readonly links: readonly string[];
	readonly ms: number;
}

/** What tools answer that begin something or wait for it. */
export interface Run {
	readonly run: string;
	readonly kind: string;
	readonly state: string;
	readonly progress: readonly string[];
	readonly result?: { readonly verdict: string; readonly tests: readonly { readonly status: string }[] };
	readonly error?: { readonly message: string; readonly code: string };
	readonly next: string;
}

export interface ServerClient {
	readonly client: Client;
	/** Process id of the server. */
	readonly pid: number;
	call<T = Record<string, unknown>>(name: string, args?: Record<string, unknown>): Promise<ToolAnswer<T>>;
	/** Waits until a run is over; each call may take a few seconds. */
	waitFor(run: string, ms?: number): Promise<Run>;
	/** The longest call so far, in milliseconds. */
	readonly longestMs: number;
	readonly stderr: string;
}

interface Result {
	readonly isError?: boolean;
	readonly structuredContent?: unknown;
	readonly content: readonly { readonly type: string; readonly text?: string; readonly uri?: string }[];
}

/** What came of a call, whoever made it. */
export function answerFrom<T>(result: Result, ms = 0): ToolAnswer<T> {
	const text = result.content.flatMap((part) => (part.type === 'text' ? [part.text ?? ''] : [])).join('\n');
	const links = result.content.flatMap((part) => (part.type === 'resource_link' ? [part.uri ?? ''] : []));
	return { value: result.structuredContent as T, error: result.isError ? text : undefined, text, links, ms };
}

/** Starts the server for the root of a host, or in an environment of somebody else's, and connects to it. */
export async function connect(t: { teardown(end: () => unknown): void }, host: Pick<FakeHost, 'root' | 'env'>): Promise<ServerClient> {
	const client = new Client({ name: 'test', version: '1' });
	const transport = new StdioClientTransport({ command: process.execPath, args: [program, 'mcp', '--root', host.root], env: { ...host.env }, stderr: 'pipe' });
	let stderr = '';
	transport.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
	t.teardown(() => client.close().catch(() => undefined));
	await client.connect(transport);
	let longestMs = 0;
	const connected: ServerClient = {
		client,
		pid: transport.pid ?? 0,
		async call<T>(name: string, args: Record<string, unknown> = {}) {
			const began = performance.now();
			const result = (await client.callTool({ name, arguments: args })) as unknown as Result;
			const ms = performance.now() - began;
			longestMs = Math.max(longestMs, ms);
			return answerFrom<T>(result, ms);
		},
		async waitFor(run, ms = 120_000) {
			const deadline = performance.now() + ms;
			for (;;) {
				const { value, error } = await connected.call<Run>('wait_run', { run, wait_seconds: 5 });
				if (error !== undefined) throw new Error(error);
				if (value.state !== 'running') return value;
				if (performance.now() > deadline) throw new Error(`${run} still runs: ${value.progress.join('\n')}`);
			}
		},
		get longestMs() {
			return longestMs;
		},
		get stderr() {
			return stderr;
		},
	};
	return connected;
}
