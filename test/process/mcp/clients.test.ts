/** Three clients that others have written, of three ages of the protocol, each through a rehearsal of fake machines. */
import test, { type ExecutionContext } from 'ava';
import { Client as OlderClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport as OlderTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { program } from '../cli/rehearse.js';
import { connect, answerFrom, type Run, type ToolAnswer } from './client.js';
import { makeFakeHost, password, type FakeHost } from './fake-host.js';
import { findInspector, inspect } from './inspector.js';

/** What a client of any make does for a test. */
interface AnyClient {
	tools(): Promise<readonly { readonly name: string; readonly inputSchema: unknown; readonly outputSchema?: unknown }[]>;
	call<T>(name: string, args: Record<string, unknown>): Promise<ToolAnswer<T>>;
	read(uri: string): Promise<string>;
	close(): Promise<void>;
}

type Content = { readonly contents: readonly { readonly text?: string }[] };
const textOf = (result: unknown): string => (result as Content).contents[0]?.text ?? '';

const current = async (t: ExecutionContext, host: FakeHost): Promise<AnyClient> => {
	const { client, call } = await connect(t, host);
	return {
		tools: async () => (await client.listTools()).tools,
		call,
		read: async (uri) => textOf(await client.readResource({ uri })),
		close: () => client.close(),
	};
};

const older = async (t: ExecutionContext, host: FakeHost): Promise<AnyClient> => {
	const client = new OlderClient({ name: 'older', version: '1' });
	t.teardown(() => client.close());
	await client.connect(new OlderTransport({ command: process.execPath, args: [program, 'mcp', '--root', host.root], env: { ...host.env }, stderr: 'ignore' }));
	// This client looks at answers by the schemas that it has listed.
	const { tools } = await client.listTools();
	return {
		tools: () => Promise.resolve(tools),
		call: async <T>(name: string, args: Record<string, unknown>) => answerFrom<T>((await client.callTool({ name, arguments: args })) as Parameters<typeof answerFrom>[0]),
		read: async (uri) => textOf(await client.readResource({ uri })),
		close: () => client.close(),
	};
};

/** A server for each call, as a command line has: what one has begun ends with it, and the next reads what it has left. */
const inspector = async (_t: ExecutionContext, host: FakeHost): Promise<AnyClient> => {
	const found = await findInspector();
	const ask = (...args: string[]) => inspect(found, host, args);
	return {
		tools: async () => ((await ask('--method', 'tools/list')) as { readonly tools: Awaited<ReturnType<AnyClient['tools']>> }).tools,
		call: async <T>(name: string, args: Record<string, unknown>) => {
			const pairs = Object.entries(args).flatMap(([key, value]) => ['--tool-arg', `${key}=${String(value)}`]);
			return answerFrom<T>((await ask('--method', 'tools/call', '--tool-name', name, ...pairs)) as Parameters<typeof answerFrom>[0]);
		},
		read: async (uri) => textOf(await ask('--method', 'resources/read', '--uri', uri)),
		close: () => Promise.resolve(),
	};
};

const names = [
	...['check_plan', 'run_lab', 'wait_run', 'cancel_run', 'list_runs', 'explain_failure', 'get_trace', 'read_log'],
	...['start_lab', 'lab_status', 'exec_node', 'test_lab', 'change_lab', 'export_plan'],
];

const rehearses = test.macro({
	title: (_title, client: { readonly name: string }) => `the ${client.name} client checks, rehearses, explains and reads`,
	async exec(t, client: (t: ExecutionContext, host: FakeHost) => Promise<AnyClient>) {
		const host = await makeFakeHost(t);
		await host.writeLab('web');
		const { tools, call, read, close } = await client(t, host);
		const listed = await tools();
		t.deepEqual(listed.map(({ name }) => name), names);
		for (const { name, inputSchema, outputSchema } of listed) {
			t.like(inputSchema, { type: 'object', additionalProperties: false }, name);
			t.like(outputSchema, { type: 'object' }, name);
		}
		t.like((await call('check_plan', { plan: 'web' })).value, { plan: 'web/plan.yaml', ok: true, nodes: ['box'] });
		t.regex((await call('check_plan', { plan: '/etc' })).error ?? '', /^\/etc is not below .*\nhint: /);
		await host.behave('fails');
		const failed = await call<Run>('run_lab', { plan: 'web', cold: true, wait_seconds: 45 });
		t.like(failed.value, { state: 'failed', result: { verdict: 'failed', lab: 'web' } }, failed.text);
		// The same as text, for models that are shown no other.
		t.deepEqual(JSON.parse(failed.text), failed.value);
		t.like((await call('explain_failure', {})).value, {
			run: failed.value.run,
			failures: [{ kind: 'script', node: 'box', script: 'setup', file: 'web/box.sh', seen: 'failed with exit status 1 after 5 ms', guest_output: 'done' }],
		});
		await host.behave('works');
		const { value, links } = await call<Run>('run_lab', { plan: 'web', cold: true, wait_seconds: 45 });
		t.is(value.state, 'passed');
		t.deepEqual(links, ['result.json', 'report.html'].map((file) => `rehearse://runs/${value.run}/${file}`));
		t.like(JSON.parse(await read(links[0] ?? '')), { schema: 1, verdict: 'passed', tests: [{ status: 'passed' }] });
		const page = await read(links[1] ?? '');
		t.true(page.startsWith('<!doctype html>'));
		t.false(page.includes(password));
		await close();
		t.deepEqual(await host.leftovers(), []);
	},
});

test.serial(rehearses, current);
test.serial(rehearses, older);
test.serial(rehearses, inspector);
