/** What systemd says of an ISO's startup scripts and of failed units, and the commands that ask it. Pure. */
import { quote } from '../../base/shell.js';
import { washed } from '../../base/wash.js';
import type { AgentMessage } from '../agent-message.js';
import type { ScriptMessage } from '../guest.js';

/** The unit of a startup script in an ISO. */
export const scriptUnit = (script: string): string => `startup-${script}.service`;

/** How much of what a script wrote is asked for, in lines and in bytes. */
const outputLines = 2000;
const outputBytes = 65_536;

/** How many of the failed units are told, with how many lines each. */
const toldUnits = 5;
const toldLines = 6;

const properties = [
	...['Id', 'ActiveState', 'Result', 'ExecMainCode', 'ExecMainStatus'],
	...['ExecMainStartTimestampMonotonic', 'ExecMainExitTimestampMonotonic'],
];

/** What separates the parts of an answer; neither systemd nor base64 writes such a line. */
const separator = '=====';

/** The command that waits until systemd has nothing more to do (systemctl(1), is-system-running). */
export const waitForBoot = 'systemctl is-system-running --wait';

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
	const told = { kind: 'script-finished', script, ms, stream } as const;
	if (result === 'success') return [{ ...told, status: 'passed', exitCode: 0 }];
	if (result === 'timeout') return [{ ...told, status: 'timed-out' }];
	return [{ ...told, status: 'failed', ...(ran && values.get('ExecMainCode') === exited ? { exitCode: number('ExecMainStatus') } : {}) }];
}

/** A script that has ended has begun. */
export const asMessages = (ended: ScriptMessage): readonly AgentMessage[] => [{ kind: 'script-started', script: ended.script }, ended];

/** The command that asks for services that systemd has restarted by itself (NRestarts, org.freedesktop.systemd1(5)). */
export const askRestarts = `systemctl show --property=Id,NRestarts --type=service '*'`;

/** Reads the answer to it: how often, by service. */
export const readRestarts = (answer: string): ReadonlyMap<string, number> =>
	new Map(
		answer.split(/\n\n+/).flatMap((block) => {
			const [id] = /^Id=(.+\.service)$/m.exec(block)?.slice(1) ?? [];
			const count = Number(/^NRestarts=(\d{1,9})$/m.exec(block)?.[1] ?? '0');
			return id !== undefined && count > 0 ? [[id, count] as const] : [];
		}),
	);

/** The command that asks for failed units, but for those of startup scripts, with their last words. */
export const askFailed = `systemctl list-units --failed --plain --no-legend --no-pager | awk '$1 !~ /^startup-/ {print $1}' | head -n ${toldUnits} | while read -r u; do
echo "$u: $(systemctl show --property=Description --value -- "$u")"
journalctl --boot --no-pager --output=cat --lines=${toldLines} -u "$u" 2>/dev/null | cut -c -300 | sed 's/^/  /'
done`;

/** The answer to it, fit to be shown. */
export const readFailed = (answer: string): string => washed(answer.trimEnd());
