import { z } from 'zod';
import { sentences } from '../wording.js';
import type { Context } from '../context.js';
import { cutTexts, fitList } from '../fit.js';
import { leftOutSchema, list, waivedSchema } from '../result-schema.js';
import { defineTool, readOnly, type Tool } from '../tool.js';
import { planInput } from '../inputs.js';
import { checkResult, readAndCheck } from '../../report/check-result.js';
import { hasErrors } from '../../plan/check.js';

const finding = z.object({
	rule: z.string(),
	severity: z.enum(['error', 'warning']),
	path: z.string().describe('place in the plan'),
	file: z.string().optional().describe('below the root'),
	line: z.number().optional().describe('1-based'),
	message: z.string(),
	fix: z.string(),
});

/** `check_plan`. */
export const checkTool = ({ root }: Context): Tool =>
	defineTool({
		name: 'check_plan',
		title: 'Check a plan',
		description: sentences(
			'Reads and lints a plan and its startup scripts; boots nothing and takes a second.',
			'Call it first, and after each edit. A plan with errors is refused by run_lab.',
		),
		input: z.strictObject({ plan: planInput }),
		output: z.object({
			plan: z.string(),
			plan_sha256: z.string(),
			ok: z.boolean().describe('whether run_lab takes it'),
			nodes: list(z.string()),
			findings: list(finding),
			findings_omitted: z.number(),
			left_out: list(leftOutSchema).describe('what a rehearsal does without'),
			left_out_omitted: z.number(),
			waived: list(waivedSchema).describe('findings that the plan itself waives'),
		}),
		hints: readOnly,
		async answer({ plan }) {
			const checked = await readAndCheck(await root.findPlan(plan));
			const { source, mask } = checked;
			const { findings, left_out: leftOut, waived } = JSON.parse(mask(JSON.stringify(checkResult(checked)))) as ReturnType<typeof checkResult>;
			const shown = fitList(
				findings.map(({ file, ...rest }) => cutTexts({ ...rest, ...(file === undefined ? {} : { file: root.shown(file) }) }, 600)),
				12_000,
			);
			const without = fitList(cutTexts(leftOut, 300), 4000);
			return {
				value: {
					plan: root.shown(source.path),
					plan_sha256: source.sha256,
					ok: !hasErrors(findings),
					nodes: fitList(source.document?.nodes.map(({ name }) => name) ?? [], 2000).fitting,
					...{ findings: shown.fitting, findings_omitted: shown.omitted },
					...{ left_out: without.fitting, left_out_omitted: without.omitted },
					waived: fitList(cutTexts(waived.map(({ file, ...rest }) => ({ ...rest, ...(file === undefined ? {} : { file: root.shown(file) }) })), 300), 2000).fitting,
				},
			};
		},
	});
