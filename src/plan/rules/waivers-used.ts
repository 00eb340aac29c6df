/** Rules about waivers: each must name a rule that can be waived, and have a finding to waive. */
import { closest } from '../keys.js';
import { quote } from '../problems.js';
import type { CheckContext } from './context.js';
import { isRule, isWaivable, ruleOf, ruleTable } from './table.js';

/** Reports waivers of what is no rule or cannot be waived, and those that had nothing to waive: after all other checks. */
export function checkWaivers(context: CheckContext): void {
	for (const { waiver, isUsed, script } of context.waivers) {
		const report = (rule: 'waiver-invalid' | 'waiver-unused', message: string, fix: string): void => {
			if (script) context.reportInScript(rule, script, waiver.commentLine ?? 1, message, fix);
			else context.report(rule, waiver.path ?? [], message, fix);
		};
		const { rule } = waiver;
		if (!isRule(rule)) {
			const meant = closest(rule, ruleTable.map(({ id }) => id));
			report('waiver-invalid', `there is no rule ${quote(rule)}`, meant === undefined ? 'write the id that `rehearse check` prints' : `write "${meant}"`);
		} else if (!isWaivable(rule)) {
			report('waiver-invalid', `${rule} cannot be waived: no lab can be made of a plan that breaks it`, 'take the waiver away and fix the finding');
		} else if (!isUsed && (context.isCompact || ruleOf(rule).applies === 'always')) {
			report('waiver-unused', `nothing here breaks ${rule}`, 'take the waiver away');
		}
	}
}
