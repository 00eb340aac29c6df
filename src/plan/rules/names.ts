/** Names: of the lab, its nodes, its startup scripts and its tests. */
import { toLabel } from '../keys.js';
import { quote } from '../problems.js';
import type { CheckContext } from './context.js';

/** Whether a text is a label of a host name: RFC 1123, section 2.1, in lower case. */
export const isDnsLabel = (text: string): boolean => /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(text);

/** Names, which become host names, file names and unit names. */
export function checkNames(context: CheckContext): void {
	const { name, nodes } = context.document;
	if (!isDnsLabel(name)) context.report('lab-name', ['name'], `${quote(name)} is no DNS label`, suggestLabel(name));
	const seen = new Set<string>();
	nodes.forEach((node, index) => {
		const path = ['nodes', index, 'name'];
		if (!isDnsLabel(node.name)) {
			context.report('node-name-dns', path, `${quote(node.name)} cannot be a host name`, suggestLabel(node.name));
		}
		if (node.name === 'localhost') {
			const message = '"localhost" is the name of every machine for itself';
			context.report('node-name-dns', path, message, 'choose another name');
		}
		const lower = node.name.toLowerCase();
		if (seen.has(lower)) {
			const fix = 'give each node its own name';
			context.report('node-name-unique', path, `a node before this one is named "${node.name}"`, fix);
		}
		seen.add(lower);
	});
	checkScriptNames(context);
}

function checkScriptNames(context: CheckContext): void {
	const seen = new Set<string>();
	for (const { source } of context.scripts) {
		const path = [...source.path, 'name'];
		if (source.name.trim() === '') {
			context.report('script-name', path, 'the script has no name', 'name it after what it sets up');
		}
		if (isPath(source.name)) {
			context.report('name-is-path', path, `${quote(source.name)} is a path`, 'write a name without slashes and leading dots');
		}
		const key = `${source.nodeIndex}/${source.name}`;
		if (seen.has(key)) {
			context.report('script-name', path, `the node has another script "${source.name}"`, 'give each script its own name');
		}
		seen.add(key);
	}
}

/** Whether a name would lead somewhere if it were taken for a file's. */
const isPath = (name: string): boolean => /[/\\\0]|^\.\.?$/.test(name);

/** `Immich Server` → a fix with `immich-server`, as far as a label can be made of the name. */
function suggestLabel(name: string): string {
	const label = toLabel(name);
	const rule = 'lower-case letters, digits and hyphens, 63 at most, beginning and ending with a letter or digit';
	return label === '' || label === name ? `use ${rule}` : `write "${label}": ${rule}`;
}
