/** The warnings that a compact lab must carry. */
import type { CheckContext } from './context.js';

/** The compact-lab prompt asks for what stubs stand for: a lab that leaves nothing to deployment time needs none. */
export function checkWarnings(context: CheckContext): void {
	if (context.document.warnings.length > 0) return;
	const fix = 'list in "warnings" what the stubs of this lab stand for';
	context.report('warnings-missing', ['warnings'], 'the plan does not list what is left to deployment time', fix);
}
