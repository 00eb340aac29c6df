/** Enabling units without systemctl(1), which would have to run in the system itself. */
import { usageFailure } from '../base/errors.js';

/** A unit file of the base layer: its text, or the unit that it is another name of. */
export type UnitFile = { readonly text: string } | { readonly aliasOf: string };

/** The unit files of the base layer by name, in /etc and in /usr/lib. */
export type UnitFiles = ReadonlyMap<string, UnitFile>;

/** A symbolic link of a unit that is enabled. */
export interface UnitLink {
	readonly path: string;
	readonly target: string;
}

/** Where the links of enabled units are. */
export const systemUnits = '/etc/systemd/system';

/**
 * The links by which `systemctl enable` (systemctl(1), systemd.unit(5) "[Install] SECTION OPTIONS") would enable a service
 * and what it wants enabled with it; none for a unit that cannot be enabled.
 * @throws Failure `usage` naming node and service where there is no such unit
 */
export function enableService(service: string, units: UnitFiles, node: string): readonly UnitLink[] {
	const links = new Map<string, UnitLink>();
	const seen = new Set<string>();
	const enable = (wanted: string) => {
		const { name, text } = findUnit(unitName(wanted), units) ?? refuse(service, wanted, node);
		if (seen.has(name)) return;
		seen.add(name);
		const install = installSection(text, name);
		const link = (path: string) => links.set(path, { path: `${systemUnits}/${path}`, target: `/usr/lib/systemd/system/${templateOf(name)}` });
		for (const target of install('WantedBy')) link(`${target}.wants/${name}`);
		for (const target of install('RequiredBy')) link(`${target}.requires/${name}`);
		for (const alias of install('Alias')) link(alias);
		for (const other of install('Also')) enable(other);
	};
	enable(service);
	return [...links.values()];
}

const unitName = (service: string): string => (/\.(?:service|socket|timer|path|target|mount)$/.test(service) ? service : `${service}.service`);

/** `getty@tty2.service` is made of `getty@.service`. */
const templateOf = (name: string): string => name.replace(/@[^.]*(?=\.\w+$)/, '@');

function findUnit(name: string, units: UnitFiles): { readonly name: string; readonly text: string } | undefined {
	const file = units.get(name) ?? units.get(templateOf(name));
	if (!file) return undefined;
	if ('text' in file) return { name, text: file.text };
	// systemd follows no chain of names either.
	const real = units.get(file.aliasOf);
	return real && 'text' in real ? { name: file.aliasOf, text: real.text } : undefined;
}

/** What a key of [Install] lists; an empty assignment takes back what was before it. */
function installSection(text: string, name: string): (key: string) => readonly string[] {
	const section = /^\[Install\]\n((?:(?!\[).*\n?)*)/m.exec(text)?.[1] ?? '';
	const instance = /@([^.]*)\./.exec(name)?.[1] ?? '';
	return (key) => {
		const values = [...section.matchAll(new RegExp(`^${key}[ \\t]*=[ \\t]*(.*)$`, 'gm'))].map(([, value = '']) => value.trim());
		const words = values.slice(values.lastIndexOf('') + 1).flatMap((value) => value.split(/\s+/));
		return words.map((word) => word.replaceAll('%i', instance).replaceAll('%p', name.replace(/[@.].*/, '')));
	};
}

function refuse(service: string, wanted: string, node: string): never {
	const what = unitName(wanted) === unitName(service) ? 'no unit of its packages' : `enabled together with ${unitName(wanted)}, which is no unit of its packages`;
	throw usageFailure(`${node}: the recipe's service ${JSON.stringify(service)} is ${what}`, {
		node,
		hint: 'name the unit as systemctl does, and the package that has it',
	});
}
