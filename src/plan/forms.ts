/**
 * The forms in which a plan may state the same. OpenFactory documents two forms of a recipe, in two spellings, and several
 * names for some keys; the schema (schema.ts) knows one place for each. This table leads from the one to the other.
 */
import type { PlanPath } from './types.js';

/** Other spellings of keys and values that are read in one kind of mapping or list. */
export interface Form {
	/** Other names of keys, in snake_case. */
	readonly renamed?: Readonly<Record<string, string>>;
	/** Keys whose own keys count as keys of this mapping. */
	readonly lifted?: readonly string[];
	/** Keys, by the names of the schema, whose value may be a single text in the place of a list, an item a line. */
	readonly lists?: readonly string[];
	/** Keys, as they are written, whose numbers are gigabytes. */
	readonly gigabytes?: readonly string[];
	/** The key that an item of this list has when it is only a text. */
	readonly itemKey?: string;
}

const recipe = 'nodes.[].recipe';

const forms: Readonly<Record<string, Form>> = {
	'nodes.[]': {
		renamed: { node_id: 'name', memory_mb: 'memory', disk_size_gb: 'disk', aliases: 'alias' },
		lists: ['alias'],
		gigabytes: ['disk_size_gb'],
	},
	[recipe]: { renamed: { networking: 'network' }, lifted: ['os'] },
	[`${recipe}.services`]: { itemKey: 'name' },
	[`${recipe}.users.[]`]: {
		renamed: { ssh_authorized_keys: 'ssh_keys', authorized_keys: 'ssh_keys', ssh_public_keys: 'ssh_keys', keys: 'ssh_keys' },
		lists: ['ssh_keys'],
	},
};

const none: Form = {};

/** The form of what is at a path, whose keys are those of the schema. */
export const formAt = (path: PlanPath): Form => forms[kindOf(path)] ?? none;

/** Every other name that a key has, by the place of its mapping; for the published schema and for tests. */
export const formTable: Readonly<Record<string, Form>> = forms;

const kindOf = (path: PlanPath): string => path.map((key) => (typeof key === 'number' ? '[]' : key)).join('.');

/** The keys by which a mapping without nodes is known for a recipe that stands by itself. */
const recipeKeys = ['base_image', 'os', 'features', 'packages', 'services', 'users', 'startup_scripts'];

/** Whether a plan's keys, in snake_case, are those of a recipe without a plan around it. */
export const isRecipeAlone = (keys: readonly string[]): boolean =>
	!keys.includes('nodes') && keys.some((key) => recipeKeys.includes(key));

/** What a recipe by itself runs on. */
export const loneNode = { memory: '1 GB', disk: '8 GB' } as const;
