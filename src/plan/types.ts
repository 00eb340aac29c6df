/** The result of reading a plan: the document, the problems of its shape, and the places of all values. */
import type { PlanDocument } from './schema.js';

/** A place in the plan as the schema has it (./forms): `['nodes', 1, 'memory']`. */
export type PlanPath = readonly (string | number)[];

export type ProblemCode = 'schema' | 'unknown-key' | 'missing-key' | 'duplicate-key' | 'script-file';

/** Something wrong with the plan's shape. */
export interface Problem {
	readonly code: ProblemCode;
	/** As the plan spells it: `nodes[1].recipe.baseImage`; empty for the plan itself. */
	readonly path: string;
	/** 1-based line of the plan file, where it is known. */
	readonly line?: number;
	/** What was expected and what was found, without the path. */
	readonly message: string;
	readonly fix: string;
}

/** A startup script with its text, wherever that came from. */
export interface SourceScript {
	readonly nodeIndex: number;
	/** Position among the scripts of its node, from 0. */
	readonly scriptIndex: number;
	/** Where the entry is: `['nodes', 0, 'recipe', 'startup_scripts', 0]`. */
	readonly path: PlanPath;
	readonly name: string;
	readonly text: string;
	/** Its bytes in base64, where they are no UTF-8. */
	readonly bytes?: string;
	/** Absolute path, when the script is a file beside the plan. */
	readonly file?: string;
	/**
	 * To be added to a 1-based line of `text` to get the line of the file that holds it: 0 for a script file; for an
	 * inline script that is a YAML block scalar, the line of the plan above its first line; absent where the lines of
	 * the text are no lines of the plan (a JSON string).
	 */
	readonly lineOffset?: number;
	/** It is in the plan as a folded block of YAML (`>`), which made one line of several. */
	readonly isFolded?: boolean;
}

/** Where a value is, for messages. */
export interface PlanPlace {
	/** As the plan spells it: `nodes[1].recipe.baseImage`. */
	readonly path: string;
	/** 1-based line of the plan file; that of the nearest enclosing value for one that is missing. */
	readonly line?: number;
}

/** A plan that was read. `document` is absent when its shape is wrong. */
export interface PlanSource {
	/** Absolute path of the plan file. */
	readonly path: string;
	/** As they were read, for whoever passes the plan on: by then another may have its name. */
	readonly bytes: Uint8Array;
	readonly text: string;
	/** The value as it was written, keys untouched. */
	readonly value: unknown;
	readonly document?: PlanDocument;
	readonly problems: readonly Problem[];
	readonly scripts: readonly SourceScript[];
	/** SHA-256 over the plan file and every script file that it names. */
	readonly sha256: string;
	/** Where the value at `path` is in the file. */
	locate(path: PlanPath): PlanPlace;
}
