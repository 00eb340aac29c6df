/** Commands that ask systemd about an ISO's startup scripts and failed units, and readers of its answers. Pure. */
import { quote } from '../../base/shell.js';
import { washed } from '../../base/wash.js';
import { scriptUnit } from '../../lab/script-unit.js';
import type { AgentMessage } from '../agent-message.js';
import type { ScriptMessage } from '../guest.js';

/** How much of what a script wrote is asked for, in lines and in bytes. */
const outputLines = 2000;
const outputBytes = 65_536;

/** How many of the failed units are reported, with how many lines each. */
const reportedUnits = 5;
const reportedLines = 6;

const properties = [
	...['Id', 'ActiveState', 'Result', 'ExecMainCode', 'ExecMainStatus'],
	...['ExecMainStartTimestampMonotonic', 'ExecMainExitTimestampMonotonic'],
];

/** What separates the parts of an answer; neither systemd nor base64 writes such a line. */
const separator = '=====';

/**
 * The command that waits until systemd has nothing more to do (systemctl(1), is-system-running). It asks again where systemd
 * hangs up meanwhile, as it does when a script has it execute itself anew.
 */
export const waitForBoot =
	'until case $(systemctl is-system-running --wait 2>/dev/null) in running|degraded|maintenance|stopping) ;; *) false ;; esac; do sleep 1; done';

/** The command that asks what became of startup scripts. */
export function askScripts(scripts: readonly string[]): string {
	const units = scripts.map((script) => quote(scriptUnit(script)));
	const outputs = units.map(
		(unit) => `journalctl --boot --no-pager --output=cat --lines=${outputLines} _SYSTEMD_UNIT=${unit} _TRANSPORT=stdout 2>/dev/null | tail -c ${outputBytes} | base64 -w 0; echo; echo ${separator}`,
	);
	return [`systemctl show --property=${properties.join(',')} -- ${units.join(' ')}; echo ${separator}`, ...outputs].join('\n');
}

/** The command that ends a startup script, as systemd does at the limit of a unit. */
export const stopScript = (script: string): string => `systemctl stop -- ${quote(scriptUnit(script))}`;

/** Reads the answer to `askScripts`: which scripts are running. */
export function findRunning(answer: string, scripts: readonly string[]): readonly string[] {
	const [shown = ''] = answer.split(`${separator}\n`);
	const units = readUnits(shown);
	const isRunning = (values: ReadonlyMap<string, string> | undefined) => values?.get('ActiveState') === 'activating' && hasBegun(values);
	return scripts.filter((script) => isRunning(units.get(scriptUnit(script))));
}

/** Reads the answer to `askScripts`: how each script ended, of those that have. */
export function readScripts(answer: string, scripts: readonly string[]): readonly ScriptMessage[] {
	const [shown = '', ...outputs] = answer.split(`${separator}\n`);
	const units = readUnits(shown);
	return scripts.flatMap((script, index) => {
		const values = units.get(scriptUnit(script));
		const stream = Buffer.from(outputs[index] ?? '', 'base64').toString('utf8');
		return values ? endOf(script, values, stream) : [];
	});
}

/** The properties of units, by the unit's name, as `systemctl show` prints them. */
const readUnits = (shown: string): ReadonlyMap<string, ReadonlyMap<string, string>> =>
	new Map(
		shown.split(/\n\n+/).map((block) => {
			const values = new Map(block.split('\n').map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
			return [values.get('Id') ?? '', values];
		}),
	);

const hasBegun = (values: ReadonlyMap<string, string>): boolean => Number(values.get('ExecMainStartTimestampMonotonic') ?? '0') > 0;

/** CLD_EXITED (sigaction(2)). */
const exited = '1';

function endOf(script: string, values: ReadonlyMap<string, string>, stream: string): readonly ScriptMessage[] {
	const number = (name: string) => Number(values.get(name) ?? '0') || 0;
	const state = values.get('ActiveState');
	const result = values.get('Result');
	const ran = hasBegun(values);
	if (state === 'activating' || (state === 'inactive' && !ran)) return [];
	const ms = Math.max(0, Math.round((number('ExecMainExitTimestampMonotonic') - number('ExecMainStartTimestampMonotonic')) / 1000));
	const ending = { kind: 'script-finished', script, ms, stream } as const;
	if (result === 'success') return [{ ...ending, status: 'passed', exitCode: 0 }];
	if (result === 'timeout') return [{ ...ending, status: 'timed-out' }];
	return [{ ...ending, status: 'failed', ...(ran && values.get('ExecMainCode') === exited ? { exitCode: number('ExecMainStatus') } : {}) }];
}

/** The messages for a script that has ended: its start, and its end. */
export const asMessages = (ended: ScriptMessage): readonly AgentMessage[] => [{ kind: 'script-started', script: ended.script }, ended];

/** The command that asks for services that systemd has restarted by itself (NRestarts, org.freedesktop.systemd1(5)). */
export const askRestarts = `systemctl show --property=Id,NRestarts --type=service '*'`;

/** Reads the answer to it: how often, by service. */
export const readRestarts = (answer: string): ReadonlyMap<string, number> =>
	new Map(
		[...readUnits(answer)].flatMap(([id, values]) => {
			const [text = '0'] = /^\d{1,9}$/.exec(values.get('NRestarts') ?? '') ?? [];
			const count = Number(text);
			return /.\.service$/.test(id) && count > 0 ? [[id, count] as const] : [];
		}),
	);

/** The command that asks for failed units, but for those of startup scripts, with the last lines that they logged. */
export const askFailed = `systemctl list-units --failed --plain --no-legend --no-pager | awk '$1 !~ /^startup-/ {print $1}' | head -n ${reportedUnits} | while read -r u; do
echo "$u: $(systemctl show --property=Description --value -- "$u")"
journalctl --boot --no-pager --output=cat --lines=${reportedLines} -u "$u" 2>/dev/null | cut -c -300 | sed 's/^/  /'
done`;

/** Washes the answer to it, so that it may be shown. */
export const readFailed = (answer: string): string => washed(answer.trimEnd());
