/** A validator for as much of JSON Schema as the published one uses. */

/** As much of JSON Schema as the published one uses. */
export interface Schema {
	readonly $schema?: string;
	readonly type?: string | readonly string[];
	readonly enum?: readonly unknown[];
	readonly const?: unknown;
	readonly properties?: Readonly<Record<string, Schema>>;
	readonly required?: readonly string[];
	readonly additionalProperties?: boolean | Schema;
	readonly items?: Schema;
	readonly anyOf?: readonly Schema[];
	readonly allOf?: readonly Schema[];
	readonly if?: Schema;
	readonly then?: Schema;
	readonly else?: Schema;
}

/** What a validator would report, as paths; empty when the value is valid. */
export function violations(value: unknown, against: Schema, path = ''): string[] {
	const branch = against.if && (violations(value, against.if).length === 0 ? against.then : against.else);
	const found = [
		...(against.allOf ?? []).flatMap((part) => violations(value, part, path)),
		...(branch ? violations(value, branch, path) : []),
	];
	if (against.anyOf && against.anyOf.every((part) => violations(value, part).length > 0)) found.push(`${path}: anyOf`);
	if (against.enum && !against.enum.includes(value)) found.push(`${path}: enum`);
	if ('const' in against && against.const !== value) found.push(`${path}: const`);
	const types = [against.type ?? []].flat();
	if (types.length > 0 && !types.includes(typeOf(value)) && !(types.includes('integer') && Number.isInteger(value))) {
		return [...found, `${path}: type`];
	}
	if (Array.isArray(value)) {
		const { items = {} } = against;
		return [...found, ...value.flatMap((item, index) => violations(item, items, `${path}[${index}]`))];
	}
	if (value === null || typeof value !== 'object') return found;
	const missing = (against.required ?? []).filter((key) => !Object.hasOwn(value, key));
	found.push(...missing.map((key) => `${path}.${key}: required`));
	for (const [key, inner] of Object.entries(value)) {
		const known = against.properties?.[key];
		if (known) found.push(...violations(inner, known, `${path}.${key}`));
		else if (against.additionalProperties === false) found.push(`${path}.${key}: unknown`);
	}
	return found;
}

const typeOf = (value: unknown): string => (Array.isArray(value) ? 'array' : value === null ? 'null' : typeof value);
