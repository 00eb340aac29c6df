/** What a plan asks for that OpenFactory does and a rehearsal does not: each place once, with what is missing. */
import { z } from 'zod';
import type { LeftOut } from '../lab/lab.js';
import { closest } from './keys.js';
import { leftOutReasons } from './recipe-schema.js';
import { isKeptByCloudInit } from './rules/command-packages.js';
import type { FeaturePackages } from './rules/context.js';
import { planSchema, type PlanDocument, type RecipeDocument } from './schema.js';
import { isFirewall, isSsh, whyNoUnit } from './services.js';
import type { PlanPath, PlanSource } from './types.js';

interface Place {
	readonly path: PlanPath;
	readonly why: string;
}

/** How many places are reported; the rest are counted. */
const maximumReported = 200;

/**
 * Lists what is left out, in the order of the plan. `features` are those that packages are known for, `base` what every
 * image has.
 */
export function leftOutOf(source: Pick<PlanSource, 'locate'>, document: PlanDocument, features: FeaturePackages, base: readonly string[] = []): LeftOut[] {
	const places = [
		...ofKeys(planSchema, document, []),
		...document.nodes.flatMap(({ recipe }, index) => ofRecipe(recipe, ['nodes', index, 'recipe'], features, base)),
	];
	const reported = places
		.map(({ path, why }) => ({ ...source.locate(path), why }))
		.sort((one, other) => (one.line ?? 0) - (other.line ?? 0))
		.map(({ path, why }): LeftOut => ({ path, why }));
	const more = reported.length - maximumReported;
	return more <= 0 ? reported : [...reported.slice(0, maximumReported), { path: '(plan)', why: `${more} more of the same kinds` }];
}

/** Keys that the schema marks as left out, where the plan has them. */
function ofKeys(schema: z.core.$ZodType, value: unknown, path: PlanPath): Place[] {
	const reason = leftOutReasons.get(schema as z.ZodType);
	if (reason) return asksForNothing(value) ? [] : [{ path, why: reason.why }];
	if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault) return ofKeys(schema.unwrap(), value, path);
	if (schema instanceof z.ZodArray && Array.isArray(value)) {
		return value.flatMap((item, index) => ofKeys(schema.element, item, [...path, index]));
	}
	if (!(schema instanceof z.ZodObject) || value === null || typeof value !== 'object') return [];
	return Object.entries(schema.shape as Readonly<Record<string, z.core.$ZodType>>).flatMap(([key, inner]) =>
		ofKeys(inner, (value as Readonly<Record<string, unknown>>)[key], [...path, key]),
	);
}

/** Whether nothing is missing: a setting that is off, an empty list. */
function asksForNothing(value: unknown): boolean {
	if (value === undefined || value === null || value === false || value === '') return true;
	return typeof value === 'object' && Object.keys(value).length === 0;
}

function ofRecipe(recipe: RecipeDocument, path: PlanPath, features: FeaturePackages, base: readonly string[]): Place[] {
	const { services, security, users, package_overrides: overrides = [], test_config: testConfig } = recipe;
	return [
		...recipe.features.flatMap((name, index) => {
			if (Object.hasOwn(features, name)) return [];
			const meant = closest(name, Object.keys(features));
			const hint = meant === undefined ? '' : `; did you mean "${meant}"?`;
			return [{ path: [...path, 'features', index], why: `no packages are known for the feature "${name}"; it installs nothing${hint}` }];
		}),
		...services.flatMap((service, index): Place[] => {
			const why = whyNoUnit(service.name);
			if (why !== undefined) return [{ path: [...path, 'services', index], why }];
			if (isSsh(service) || asksForNothing(service.config)) return [];
			return [{ path: [...path, 'services', index, 'config'], why: isFirewall(service) ? 'it lets in SSH and the ports that connections and assertions name' : `${service.name} runs as its packages configure it` }];
		}),
		...overrides.flatMap(({ name, action }, index): Place[] => {
			if (action === 'add' || !(base.includes(name) || isKeptByCloudInit(name))) return [];
			const why = base.includes(name) ? 'no machine of a rehearsal boots without it' : 'cloud-init, which provisions the machines, depends on it';
			return [{ path: [...path, 'package_overrides', index], why: `${name} is kept: ${why}` }];
		}),
		...users.flatMap(({ username, home }, index): Place[] => {
			const own = keptHome(username);
			if (own === undefined || home === undefined || home === own) return [];
			return [{ path: [...path, 'users', index, 'home'], why: `${username} is a user of Debian's, who keeps the home directory ${own}` }];
		}),
		...(security?.ssh === false && hasSshServer(recipe)
			? [{ path: [...path, 'security', 'ssh'], why: 'the SSH server that the recipe installs runs all the same' }]
			: []),
		...(testConfig?.enabled === false && testConfig.tests?.length
			? [{ path: [...path, 'test_config', 'tests'], why: 'they are switched off by "enabled": false and do not run' }]
			: []),
	];
}

/** Users whom every system of Debian has (base-passwd), with their home directories: usermod(8) moves no busy user. */
const homes: Readonly<Record<string, string>> = {
	root: '/root',
	daemon: '/usr/sbin',
	mail: '/var/mail',
	backup: '/var/backups',
	nobody: '/nonexistent',
	'www-data': '/var/www',
};

/** The home directory that a user keeps whatever a recipe has for it; undefined for users whom the recipe makes. */
export const keptHome = (username: string): string | undefined => (Object.hasOwn(homes, username) ? homes[username] : undefined);

const hasSshServer = ({ features, packages, services }: RecipeDocument): boolean =>
	features.includes('ssh') || packages.includes('openssh-server') || services.some(isSsh);
