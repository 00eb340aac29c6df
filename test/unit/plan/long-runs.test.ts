/** A run of one character, as long as a plan or a script may be, wherever it stands: `check` answers soon, in linear time. */
import { join } from 'node:path';
import test from 'ava';
import { Failure } from '../../../src/base/errors.js';
import { checkCommand } from '../../../src/commands/check.js';
import { usualCpuMs } from '../base/cost.js';
import { single, writeFiles } from './plans.js';

const length = 200_000;

/** What a run is made of. */
const units = [' ', '\t', '\n', '\r', '\u0000', '\u0085', 'a', 'A', '1', '-', '.', ',', '/', '\\', '"', "'", '#', '$', '(', '[', '{', '$(', '<(', 'a ', 'ssh-a A ', '# rehearse: waive a\n', '# rehearse: waive -'];

type Values = Readonly<Record<string, unknown>>;
const script = (text: string): Values => single({}, { startup_scripts: [{ name: 'a', script: text }] });
const user = (values: Values): Values => single({}, { users: [{ username: 'ops', groups: [], ...values }] });
const asserting = (values: Values): Values => ({ ...single(), scenarios: [{ name: 'a', custom_tests: [{ name: 'b', assertions: [{ on_vm: 'one', ...values }] }] }] });

/** Where a run stands. */
const places: Readonly<Record<string, (run: string) => Values>> = {
	'a key of the plan': (run) => ({ ...single(), [run]: 1 }),
	'a key of a recipe': (run) => single({}, { [run]: 1 }),
	'the name of the lab': (run) => ({ ...single(), name: run }),
	'the name of a node': (run) => single({ name: run }),
	'a size': (run) => single({ memory: `1${run}` }),
	'a lab address': (run) => single({ alias: `10.80.0.10/24${run}` }),
	'an address': (run) => single({ alias: run }),
	'a subnet': (run) => ({ ...single(), network: { subnet: run, gateway: run } }),
	'a package': (run) => single({}, { packages: [run] }),
	'a feature': (run) => single({}, { features: [run] }),
	'a service': (run) => single({}, { services: [run] }),
	'a name server': (run) => single({}, { network: { dns: [run] } }),
	'a user': (run) => user({ username: run }),
	'a password': (run) => user({ password: run }),
	'a shell': (run) => user({ shell: `/${run}`, home: `/${run}`, comment: run }),
	'an SSH key': (run) => user({ ssh_keys: [run] }),
	'an SSH key of a good beginning': (run) => user({ ssh_keys: [`ssh-ed25519 AAAA${run}`] }),
	'the unit that a script runs after': (run) => single({}, { startup_scripts: [{ name: run, script: 'true', after: run }] }),
	'the file of a script': (run) => single({}, { startup_scripts: [{ name: 'a', script_file: run }] }),
	'a script': (run) => script(run),
	'a command': (run) => script(`jq${run}`),
	'an operand': (run) => script(`echo ${run}`),
	'a string': (run) => script(`echo '${run}' "${run}"`),
	'an assignment': (run) => script(`a=${run}\necho "$a" $a`),
	'a comment': (run) => script(`true\n# ${run}`),
	'the interpreter': (run) => script(`#!${run}\ntrue`),
	'a here-document': (run) => script(`cat <<X\n${run}\nX`),
	'a program in Python': (run) => script(`python3 - <<'X'\nimport ${run}\nX`),
	'a waiver': (run) => script(`jq . x # rehearse: waive x${run}`),
	'the reason of a waiver': (run) => script(`jq . x # rehearse: waive command-undeclared:${run}`),
	'a waiver of the plan': (run) => ({ ...single(), waive: [run, { rule: run, why: run }] }),
	'the type of an assertion': (run) => asserting({ type: run }),
	'the command of an assertion': (run) => asserting({ type: 'command_output', command: run, exit_code: 0 }),
	'what an assertion expects': (run) => asserting({ type: 'command_output', command: 'true', equals: run, matches: run }),
	'a mode': (run) => asserting({ type: 'file_exists', path: `/${run}`, mode: run }),
	'a URL': (run) => asserting({ type: 'http_responds', url: `http://${run}` }),
	'a host': (run) => asserting({ type: 'network_reachable', host: run, port: run }),
	'a connection': (run) => ({ ...single(), connections: [{ from: run, to: run, port: run }] }),
};

/** A linear check takes a fifth of it at most; what is quadratic takes minutes. */
const limit = 3000;

for (const [place, planOf] of Object.entries(places)) {
	test.serial(`in ${place}`, async (t) => {
		for (const unit of units) {
			// Something that nothing expects behind it has an expression try everything.
			const run = `${unit.repeat(length / unit.length)}x`;
			const directory = await writeFiles(t, { 'plan.json': JSON.stringify(planOf(run)) });
			const took = await usualCpuMs(limit, async () => {
				try {
					await checkCommand({ lab: join(directory, 'plan.json'), format: 'text', schema: false, color: false, stdout: () => undefined });
				} catch (error) {
					t.true(error instanceof Failure, String(error).slice(0, 200));
				}
			});
			t.true(took < limit, `${JSON.stringify(unit)}: ${Math.round(took)} ms`);
		}
	});
}
