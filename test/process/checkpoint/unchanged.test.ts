/** Which startup scripts run again, where only those of nodes that have changed are wanted. */
import test, { type ExecutionContext } from 'ava';
import { CleanupStack } from '../../../src/base/cleanup.js';
import { checkpointKey } from '../../../src/checkpoint/fingerprint.js';
import { beginCheckpoint, publishCheckpoint } from '../../../src/checkpoint/store.js';
import type { RunEventBody } from '../../../src/lab/events.js';
import { planCheckpoints } from '../../../src/prepare/checkpoints.js';
import { provisionedFingerprint, startedFingerprint } from '../../../src/prepare/node-fingerprint.js';
import { inputs, script, type Inputs } from '../../unit/prepare/node-inputs.js';
import { makeStore, writeFiles } from './stores.js';

/** The app uses the cache, the model and the database; the model uses the database. */
const nodes = ['app', 'ml', 'db', 'cache', 'mail'];
const connections = [
	{ from: 'app', to: 'cache', port: 6379 },
	{ from: 'app', to: 'ml', port: 3003 },
	{ from: 'ml', to: 'db', port: 5432 },
];

/** What is different of some nodes, by their names. */
type Changes = Readonly<Record<string, Inputs>>;

const inputsOf = (names: readonly string[], changes: Changes) => names.map((name) => inputs({ ...changes[name], node: { ...changes[name]?.node, name } }));

/** Saves the lab as started, by each of some versions of it. */
async function saved(t: ExecutionContext, versions: readonly Changes[], of = nodes): Promise<string> {
	const store = await makeStore(t);
	for (const [index, changes] of versions.entries()) {
		const candidates = inputsOf(of, changes).map((input) => ({ node: input.machine.node.name, fingerprint: startedFingerprint(provisionedFingerprint(input), input) }));
		const key = checkpointKey('started', candidates);
		const staging = await beginCheckpoint(store, key, process.pid, new CleanupStack());
		const manifest = await writeFiles(staging, key, of);
		const machines = manifest.machines.map((machine) => ({ ...machine, fingerprint: candidates.find(({ node }) => node === machine.node)?.fingerprint ?? {} }));
		await publishCheckpoint(staging, store, { ...manifest, machines, savedAt: 1000 * (index + 1) });
	}
	return store;
}

/** The nodes whose startup scripts run, and what is told of it. */
async function runAgain(store: string, changes: Changes, planned = nodes) {
	const events: RunEventBody[] = [];
	const emit = (event: RunEventBody) => void events.push(event);
	const context = { directory: store, emit, cleanup: new CleanupStack(), signal: new AbortController().signal, pid: process.pid, connections };
	const plan = await planCheckpoints('photos', inputsOf(planned, changes), { cold: false, started: 'unchanged' }, context);
	return {
		again: plan.machines.filter(({ origin }) => origin.from !== 'checkpoint' || origin.kind !== 'started').map(({ spec }) => spec.name),
		notices: events.flatMap((event) => (event.type === 'notice' ? [event.message] : [])),
	};
}

const edited: Inputs = { node: { startupScripts: [script('false\n')] } };

const reruns = test.macro(async (t, changes: Changes, again: readonly string[]) => {
	t.deepEqual((await runAgain(await saved(t, [{}]), changes)).again, again);
});
test('nothing has changed', reruns, {}, []);
test('a node that no other uses', reruns, { mail: edited }, ['mail']);
test('a node that uses all others', reruns, { app: edited }, ['app']);
test('a node that one other uses', reruns, { cache: edited }, ['app', 'cache']);
test('a node that others use, one through another', reruns, { db: edited }, ['app', 'ml', 'db']);
test('two nodes', reruns, { mail: edited, ml: edited }, ['app', 'ml', 'mail']);
test('a node with one package more', reruns, { cache: { imageKey: 'b', imagePackages: ['redis-server', 'systemd', 'vim'] } }, ['app', 'cache']);
test('the network of the lab: what is at its gateway is there for every script', reruns, Object.fromEntries(nodes.map((node) => [node, { gateway: '10.80.0.254/24' }])), nodes);
test('every node', reruns, Object.fromEntries(nodes.map((node) => [node, edited])), nodes);

test('it is told what was taken over, of when, and why others run', async (t) => {
	const { notices } = await runAgain(await saved(t, [{}]), { cache: edited });
	t.deepEqual(notices, [
		'taken over from 1970-01-01T00:00:01.000Z: what the startup scripts of ml, db, mail had done; those of app (uses a changed one), cache (startup scripts changed) run again',
	]);
});

test('of several states, that is taken in which most nodes are as they are now, and of these the newest', async (t) => {
	const store = await saved(t, [{}, { cache: edited }, { cache: edited, db: edited }]);
	const { again, notices } = await runAgain(store, { cache: edited, mail: edited });
	t.deepEqual(again, ['mail']);
	t.regex(notices.join(), /from 1970-01-01T00:00:02/);
});

test('a node that was not there before, and those that use it', async (t) => {
	const store = await saved(t, [{}], ['app', 'ml', 'cache', 'mail']);
	t.deepEqual((await runAgain(store, {})).again, ['app', 'ml', 'db']);
});

test('a node that the plan does not have any more: the others knew of it', async (t) => {
	const { again, notices } = await runAgain(await saved(t, [{}]), {}, ['app', 'ml', 'db', 'cache']);
	t.deepEqual(again, ['app', 'ml', 'db', 'cache']);
	t.regex(notices.join(), /every startup script runs: mail is in it, and not in the plan$/);
});

test('without a state to go on from', async (t) => {
	const { again, notices } = await runAgain(await saved(t, []), {});
	t.deepEqual(again, nodes);
	t.regex(notices.join(), /every startup script runs: there is none yet$/);
});
