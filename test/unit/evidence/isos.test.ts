/** What an ISO has to be made of for a statement on it: compared with the plan and with the run. */
import test, { type ExecutionContext } from 'ava';
import { isoNames, isoPath, isoProblems, wantedIsos } from '../../../src/evidence/isos.js';
import { readGuestDefinition } from '../../../src/image/guest.js';
import { scriptsHash } from '../../../src/lab/script-bytes.js';
import { foldEvents } from '../../../src/outcome/fold.js';
import { resolveLab } from '../../../src/plan/resolve.js';
import type { PlanSource } from '../../../src/plan/types.js';
import { eventsOf } from '../page/runs.js';
import { node, plan, read } from '../plan/plans.js';

const scripts = [{ name: 'Set up.sh', script_file: 'a.sh' }, { name: 'set-up', script: 'echo two\n' }];
const withScripts = plan({ nodes: [node('one', 10, {}, { startup_scripts: scripts }), node('two', 20)] });

const booting = async (source: PlanSource, isos: Record<string, string> = {}) => foldEvents(eventsOf(resolveLab(source, await readGuestDefinition()), { isos }));

/** The files of an export that are beside an ISO of `one`, made of another plan. */
async function beside(t: ExecutionContext, made: PlanSource, digest = 'a'.repeat(64)): Promise<Map<string, Uint8Array>> {
	const names = isoNames('one');
	const one = resolveLab(made, await readGuestDefinition()).nodes[0];
	t.truthy(one);
	const texts = { [names.sum]: `${digest}  ${names.iso}\n`, [names.recipe]: `${one?.recipeSha256}\n`, [names.scripts]: `${scriptsHash(one?.startupScripts ?? [])}\n` };
	return new Map(Object.entries(texts).map(([name, text]) => [isoPath('one', name), Buffer.from(text)]));
}

test('one hash for the scripts: their names, their bytes and their order are in it, and nothing else', (t) => {
	// printf '[{"name":"a","sha256":"%s"}]' "$(printf 'x' | sha256sum | cut -c1-64)" | sha256sum
	t.is(scriptsHash([{ name: 'a', text: 'x' }]), '1b4fb52beda7345069fa3398cd6ff3fceda0d2cb6f14d5fcd113b013b5aa01fe');
	const [a, b] = [{ name: 'a', text: 'x' }, { name: 'b', text: 'y' }];
	const hashes = [[], [a], [b], [a, b], [b, a], [{ ...a, text: 'x\n' }], [{ ...a, text: '\ufffd' }], [{ ...a, text: '\ufffd', bytes: '/w==' }]].map(scriptsHash);
	t.is(new Set(hashes).size, hashes.length);
	t.is(scriptsHash([{ ...a, after: 'ssh.service', file: '/plans/a.sh' } as typeof a]), scriptsHash([a]));
});

test('an export expects of a plan what its ISOs are made of', async (t) => {
	const source = await read(t, withScripts, { 'a.sh': 'echo one\n' });
	const { nodes } = resolveLab(source, await readGuestDefinition());
	t.deepEqual(nodes[0]?.startupScripts.map(({ name }) => name), ['set-up', 'set-up-2']);
	t.deepEqual(wantedIsos(source, undefined), nodes.map(({ name, recipeSha256, startupScripts }) => ({ node: name, recipe: recipeSha256, scripts: scriptsHash(startupScripts) })));
	const booted = 'b'.repeat(64);
	t.deepEqual(wantedIsos(source, await booting(source, { two: booted })).map((wanted) => wanted.booted), [undefined, booted]);
});

test('a script file with the same name and other bytes makes another ISO', async (t) => {
	const [made, rehearsed] = [await read(t, withScripts, { 'a.sh': 'echo one\n' }), await read(t, withScripts, { 'a.sh': 'echo edited\n' })];
	const files = await beside(t, made);
	t.deepEqual(isoProblems(files, made, await booting(made)), []);
	t.deepEqual(isoProblems(files, rehearsed, await booting(rehearsed)), [{ file: 'isos/one/scripts_hash', problem: 'it is not the hash of the startup scripts that the plan has for one' }]);
	files.delete('isos/one/scripts_hash');
	t.deepEqual(isoProblems(files, made, undefined), [{ file: 'isos/one/scripts_hash', problem: 'it is missing, so that nothing shows which startup scripts one.iso has' }]);
});

test('a node that booted an ISO has that one in an export, and no other of the same recipe', async (t) => {
	const source = await read(t, withScripts, { 'a.sh': 'echo one\n' });
	const [same, other] = ['c'.repeat(64), 'd'.repeat(64)];
	const files = await beside(t, source, same);
	t.deepEqual(isoProblems(files, source, await booting(source, { one: same, two: other })), []);
	t.deepEqual(isoProblems(files, source, await booting(source, { one: other })), [{ file: 'isos/one/one.iso.sha256', problem: 'its digest is not that of the ISO that one booted in the run' }]);
});
