/** Startup scripts that use what only this tool brought into an image: found in their traces, reported as notices. */
import { oneLine, truncated } from '../base/format.js';
import { broughtByTool, type BroughtByTool } from '../image/contents.js';
import { readGuestDefinition } from '../image/guest.js';
import { readContents } from '../image/store.js';
import type { Emit, ScriptOutcome } from '../lab/events.js';
import type { Lab } from '../lab/lab.js';
import type { TraceStep } from '../lab/trace.js';
import type { MachineRunSpec } from '../protocol/run-spec.js';

/** A use of something that only this tool brought. */
export interface ForeignUse {
	/** The program, or Python's module. */
	readonly what: string;
	/** The package that brings it. */
	readonly package: string;
	readonly step: TraceStep;
}

/** Programs whose first operand is the program that they run. */
const wrappers = new Set(['sudo', 'env', 'exec', 'command', 'nohup', 'setsid', 'time', 'timeout', 'nice', 'xargs', 'chroot', 'runuser', 'su']);

/** The first use of each thing that only this tool brought, in the order of the trace. */
export function foreignUses(steps: readonly TraceStep[], brought: BroughtByTool): readonly ForeignUse[] {
	const found = new Map<string, ForeignUse>();
	for (const step of steps) {
		for (const [what, owner] of [...programsIn(step.command, brought.programs), ...modulesIn(step.command, brought.modules)]) {
			if (!found.has(what)) found.set(what, { what, package: owner, step });
		}
	}
	return [...found.values()];
}

function programsIn(command: string, programs: BroughtByTool['programs']): readonly (readonly [string, string])[] {
	const words = command.split(/\s+/).map((word) => word.replace(/^(['"])(.*)\1$/, '$2'));
	const [name = ''] = words;
	const candidates = wrappers.has(nameOf(name)) ? words.slice(1) : [name];
	return candidates.flatMap((word) => {
		// A program with a path of its own is not Debian's.
		if (word.includes('/') && !/^(?:\/usr)?\/s?bin\//.test(word)) return [];
		const owner = programs.get(nameOf(word));
		return owner === undefined ? [] : [[nameOf(word), owner] as const];
	});
}

const nameOf = (word: string): string => word.slice(word.lastIndexOf('/') + 1);

/** The modules that `python3 -c` imports and that `python3 -m` runs. */
function modulesIn(command: string, modules: BroughtByTool['modules']): readonly (readonly [string, string])[] {
	if (!/^(?:\S*\/)?python3[.\d]*\s/.test(command)) return [];
	const run = /\s-m\s+'?(\w+)/.exec(command)?.[1];
	// The shell traces the end of a line within a word as \\n.
	const imported = [...command.replaceAll('\\n', '\n').matchAll(/(?:^|[\s;'"])(?:import|from)\s+(\w+(?:\s*,\s*\w+)*)/g)].flatMap(([, names = '']) => names.split(/\s*,\s*/));
	return [...(run === undefined ? [] : [run]), ...imported].flatMap((name) => {
		const owner = modules.get(name);
		return owner === undefined ? [] : [[name, owner] as const];
	});
}

/** A use as a sentence. */
export function foreignUseText(script: string, { what, package: owner, step }: ForeignUse): string {
	const where = [script, ...(step.source === undefined ? [] : [step.source]), ...(step.line === undefined ? [] : [`line ${step.line}`])].join(', ');
	return (
		`${where} uses ${what} (\`${truncated(oneLine(step.command), 80)}\`), which only this tool brought: ` +
		`no package of the recipe needs ${owner}. Add it to the packages`
	);
}

/** Emits the events of a lab, and behind each script that has ended a notice of what it used and the recipe does not bring. */
export class ForeignUses {
	readonly #lab: Pick<Lab, 'nodes'>;
	readonly #emit: Emit;
	readonly #brought = new Map<string, BroughtByTool>();

	constructor(lab: Pick<Lab, 'nodes'>, emit: Emit) {
		this.#lab = lab;
		this.#emit = emit;
	}

	/** Reads what the images of machines have. Knows nothing of those that are pending. */
	async learn(machines: readonly Pick<MachineRunSpec, 'spec' | 'isPending'>[]): Promise<void> {
		const guest = await readGuestDefinition();
		await Promise.all(
			machines.map(async ({ spec, isPending }) => {
				const node = this.#lab.nodes.find(({ name }) => name === spec.name);
				const contents = isPending ? undefined : await readContents(spec);
				if (node && contents) this.#brought.set(node.name, broughtByTool(contents, node, guest));
			}),
		);
	}

	readonly emit: Emit = (event) => {
		this.#emit(event);
		if (event.type === 'script-finished') this.#report(event);
	};

	#report({ node, script, trace }: ScriptOutcome): void {
		const only = this.#brought.get(node);
		for (const use of only ? foreignUses(trace?.steps ?? [], only) : []) this.#emit({ type: 'notice', node, message: foreignUseText(script, use) });
	}
}
