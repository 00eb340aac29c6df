/** The context of every rule: what it reads, and where it reports findings. */
import { oneLine } from '../../base/format.js';
import type { PlanDocument } from '../schema.js';
import { analyseScript, type ScriptAnalysis } from '../../shell/script.js';
import type { PlanPath, PlanSource, SourceScript } from '../types.js';
import { ruleOf, type RuleId } from './table.js';
import { waiversOfPlan, waiversOfScript, type Waiver } from './waivers.js';

/** Something wrong with a plan. */
export interface Finding {
	readonly rule: RuleId;
	readonly severity: 'error' | 'warning';
	/** Place in the plan, in the plan's own spelling, such as `nodes[1].recipe.baseImage`; `(plan)` for the whole. */
	readonly path: string;
	/** Absolute path of the file that `line` belongs to: the plan, or a startup script. */
	readonly file?: string;
	/** 1-based. */
	readonly line?: number;
	readonly message: string;
	/** What to do about it. */
	readonly fix: string;
	/** Why its author does without a remedy, and where that is written: the finding is reported, and hinders nothing. */
	readonly waived?: string;
}

/** A startup script with its analysis. */
export interface AnalysedScript {
	readonly source: SourceScript;
	readonly analysis: ScriptAnalysis;
	/** Where its text, or the name of its file, is in the plan. */
	readonly path: PlanPath;
	/** What its comments waive. */
	readonly waivers: readonly Waiver[];
}

/** Features of recipes, and the Debian packages that each stands for. */
export type FeaturePackages = Readonly<Record<string, readonly string[]>>;

/** A finding with where it belongs in the order of the plan. */
interface Placed {
	readonly finding: Finding;
	readonly planLine: number;
}


/** How many findings of one rule are reported; the rest are counted. */
const maximumOfRule = 200;

/** A plan of good shape under examination. Rules read it and call `report`. */
export class CheckContext {
	readonly document: PlanDocument;
	readonly scripts: readonly AnalysedScript[];
	readonly features: FeaturePackages;
	/** Whether the rules of the compact-lab prompt apply. */
	readonly isCompact: boolean;
	readonly #source: PlanSource;
	readonly #placed: Placed[] = [];
	readonly #counts = new Map<RuleId, number>();
	readonly #waivers: readonly Waiver[];
	readonly #used = new Set<Waiver>();

	constructor(source: PlanSource, document: PlanDocument, features: FeaturePackages) {
		this.#source = source;
		this.document = document;
		this.features = features;
		this.isCompact = document.profile === 'compact';
		this.scripts = source.scripts.map((script) => ({
			source: script,
			analysis: analyseScript(script.text),
			path: [...script.path, script.file === undefined ? 'script' : 'script_file'],
			waivers: waiversOfScript(script.text),
		}));
		this.#waivers = waiversOfPlan(document);
	}

	/**
	 * Reports something at a place of the plan. Rules of another profile are passed over. A fix that costs time is asked for.
	 * @param about the place of the node that it is about, where it stands elsewhere: a waiver of the node's is one of it
	 */
	report(rule: RuleId, path: PlanPath, message: string, fix: string | (() => string), severity?: Finding['severity'], about?: PlanPath): void {
		if (!this.#isReported(rule)) return;
		const { finding, planLine } = placeFinding(this.#source, rule, path, message, typeof fix === 'string' ? fix : fix());
		this.#add({ ...finding, severity: severity ?? finding.severity }, planLine, this.#waiverAt(rule, path) ?? (about && this.#waiverAt(rule, about)));
	}

	#add(finding: Finding, planLine: number, waiver: Waiver | undefined): void {
		if (waiver) this.#used.add(waiver);
		this.#placed.push({ finding: waiver ? { ...finding, waived: waiver.why } : finding, planLine });
	}

	/** The waiver of the plan itself, or of the node that the place belongs to. */
	#waiverAt(rule: RuleId, path: PlanPath): Waiver | undefined {
		return this.#waivers.find((waiver) => waiver.rule === rule && waiver.of.every((key, index) => path[index] === key));
	}

	/** Whether another finding of the rule is reported: one of another profile is not, nor one that nobody would read. */
	#isReported(rule: RuleId): boolean {
		if (ruleOf(rule).applies === 'compact' && !this.isCompact) return false;
		const count = (this.#counts.get(rule) ?? 0) + 1;
		this.#counts.set(rule, count);
		return count <= maximumOfRule;
	}

	/** Reports something at a 1-based line of a script, in whichever file that line is. */
	reportInScript(rule: RuleId, script: AnalysedScript, line: number, message: string, fix: string, severity?: Finding['severity']): void {
		if (!this.#isReported(rule)) return;
		const { file, lineOffset } = script.source;
		const isLineOfPlan = lineOffset !== undefined;
		const text = isLineOfPlan ? message : `line ${line} of the script: ${message}`;
		const { finding, planLine } = placeFinding(this.#source, rule, script.path, text, fix);
		const place = isLineOfPlan ? { file: file ?? this.#source.path, line: lineOffset + line } : {};
		const waiver = script.waivers.find((each) => each.rule === rule && (each.line === undefined || each.line === line)) ?? this.#waiverAt(rule, script.path);
		this.#add({ ...finding, ...place, severity: severity ?? finding.severity }, planLine, waiver);
	}

	/** The waivers that were given, and whether each had something to waive. */
	get waivers(): readonly { readonly waiver: Waiver; readonly isUsed: boolean; readonly script?: AnalysedScript }[] {
		const ofScripts = this.scripts.flatMap((script) => script.waivers.map((waiver) => ({ waiver, script })));
		return [...this.#waivers.map((waiver) => ({ waiver })), ...ofScripts].map((one) => ({ ...one, isUsed: this.#used.has(one.waiver) }));
	}

	/** What was reported, and the findings about the plan's shape, in the order of the plan and of its scripts' lines. */
	findings(shape: readonly Finding[]): Finding[] {
		const placedShape = shape.map((finding): Placed => ({ finding, planLine: finding.line ?? 0 }));
		const more = [...this.#counts].flatMap(([rule, count]): Placed[] =>
			count <= maximumOfRule ? [] : [placeFinding(this.#source, rule, [], `${count - maximumOfRule} more of this rule`, 'correct those above and check again')],
		);
		return [...placedShape, ...this.#placed, ...more.map(({ finding }) => ({ finding, planLine: Infinity }))]
			.sort((a, b) => (a.planLine === b.planLine ? 0 : a.planLine - b.planLine) || compareLines(a.finding, b.finding))
			.map(({ finding }) => finding);
	}
}

/** Findings of one script by line; anything else keeps the order in which it was reported. */
const compareLines = (a: Finding, b: Finding): number =>
	a.path === b.path && a.file === b.file ? (a.line ?? 0) - (b.line ?? 0) : 0;

function placeFinding(source: PlanSource, rule: RuleId, path: PlanPath, message: string, fix: string): Placed {
	const place = source.locate(path);
	const finding: Finding = {
		rule,
		severity: ruleOf(rule).severity,
		path: place.path === '' ? '(plan)' : place.path,
		file: source.path,
		...(place.line === undefined ? {} : { line: place.line }),
		message: oneLine(message),
		fix: oneLine(fix),
	};
	return { finding, planLine: place.line ?? 0 };
}
