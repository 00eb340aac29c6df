/** The packages that a recipe's features, services and packages need. */
import type { FeaturePackages } from './rules/context.js';
import type { RecipeDocument } from './schema.js';
import { isFirewall, isSsh, withoutEnding } from './services.js';

/** The packages of a node beside the base of every image. */
export interface WantedPackages {
	/** Features that packages are known for: the recipe's own, and those of its services and settings. */
	readonly features: readonly string[];
	/** Packages by name. */
	readonly packages: readonly string[];
	/** Packages that neither features nor names bring, because `package_overrides` takes them away. */
	readonly without: readonly string[];
}

/** Whether the recipe asks for a firewall: by a setting, by the feature, or by a service, which is a feature with a configuration. */
export const hasFirewall = ({ security, features, services }: Pick<RecipeDocument, 'security' | 'features' | 'services'>): boolean =>
	security?.firewall === true || features.includes('firewall') || services.some(isFirewall);

/**
 * What has to be installed. A service brings the packages of the feature of its name, as on OpenFactory, where a service
 * is a feature with a configuration.
 */
export function wantedPackages(recipe: RecipeDocument, known: FeaturePackages): WantedPackages {
	const { features, services, security, package_overrides: overrides = [] } = recipe;
	const implied = [
		...services.map((service) => (isSsh(service) ? 'ssh' : withoutEnding(service.name))),
		...(security?.ssh === true ? ['ssh'] : []),
		...(hasFirewall(recipe) ? ['firewall'] : []),
	].filter((name) => Object.hasOwn(known, name));
	const added = overrides.flatMap(({ name, action, replacement }) =>
		action === 'add' ? [name] : replacement === undefined ? [] : [replacement],
	);
	const without = overrides.filter(({ action }) => action !== 'add').map(({ name }) => name);
	return {
		features: [...new Set([...features, ...implied])],
		packages: [...new Set([...recipe.packages.filter((name) => !without.includes(name)), ...added])],
		without,
	};
}

/** Every package that is declared, by name or by a feature. */
export function declaredPackages(recipe: RecipeDocument, known: FeaturePackages): ReadonlySet<string> {
	const { features, packages, without } = wantedPackages(recipe, known);
	const ofFeatures = features.flatMap((name) => (Object.hasOwn(known, name) && known[name]) || []);
	return new Set([...packages, ...ofFeatures.filter((name) => !without.includes(name))]);
}
