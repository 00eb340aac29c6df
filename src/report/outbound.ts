/** What a lab's nodes tried to reach outside of it, and which script was running: a finding, never a failure. */
import { oneLine, plural, truncated } from '../base/format.js';
import type { OutboundConnection } from '../lab/events.js';
import { outboundFindings, type Moment, type OutboundFinding } from '../outcome/outbound.js';
import type { RunState } from '../outcome/state.js';
import { indented, layOutColumns, type Paint } from './text.js';

/** What was reached for: `deb.example.org (DNS A, AAAA)`, `203.0.113.5:443/tcp`, `203.0.113.5 (ping)`. */
export function outboundTarget({ protocol, address, port, name, types = [] }: Omit<OutboundFinding, 'node' | 'moment' | 'count' | 'firstAt'>): string {
	if (protocol === 'dns') return `${name ?? ''} (DNS ${types.join(', ')})`;
	return protocol === 'icmp' ? `${address} (ping)` : `${address}:${port ?? ''}/${protocol}`;
}

/** The same of a single connection. */
export const connectionTarget = ({ question, protocol, ...connection }: OutboundConnection): string =>
	outboundTarget({ ...connection, protocol: question ? 'dns' : protocol, ...(question ? { name: question.name, types: [question.type] } : {}) });

/** `immich-ml, line 7: curl http://example.org`, `no script was running (before its startup scripts)`. */
export function momentText(moment: Moment): string {
	if ('phase' in moment) return `no script was running (${moment.phase})`;
	const { script, line, source, command } = moment;
	if (command === undefined) return `while ${script} was running`;
	const where = [script, ...(source === undefined ? [] : [source]), ...(line === undefined ? [] : [`line ${line}`])].join(', ');
	return `${where}: ${oneLine(command)}`;
}

/** `client reached for 203.0.113.5:443/tcp while client was running, 3 packets`. */
export const outboundSentence = (finding: OutboundFinding): string =>
	`${finding.node} reached for ${outboundTarget(finding)}, ${momentText(finding.moment)}, ${plural(finding.count, 'packet')}`;

/** How long a target may be in the table: names may have 253 characters. */
const targetWidth = 60;

/** How much of a command is shown there. */
const momentWidth = 80;

/** The section of the summary; nothing when nobody reached out. */
export function outboundSection(state: RunState, paint: Paint): string[] {
	const findings = outboundFindings(state);
	if (findings.length === 0) return [];
	const rows = findings.map((finding) => [
		{ text: finding.node },
		{ text: truncated(oneLine(outboundTarget(finding)), targetWidth) },
		{ text: plural(finding.count, 'packet'), style: 'dim' as const },
		{ text: truncated(momentText(finding.moment), momentWidth) },
	]);
	return [paint('bold', 'Reached for the world outside'), ...indented(layOutColumns(rows, paint), 2)];
}
