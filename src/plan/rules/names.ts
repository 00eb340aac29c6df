/** Names: of the lab, its nodes, its startup scripts and its tests. */
import type { CheckContext } from './context.js';

/** A label of a host name: RFC 1123, section 2.1, in lower case. */
const dnsLabel = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** Names, which become host names, file names and unit names. */
export function checkNames(context: CheckContext): void {
	const { name, nodes } = context.document;
	if (!dnsLabel.test(name)) context.report('lab-name', ['name'], `"${name}" is no DNS label`, suggestLabel(name));
	nodes.forEach((node, index) => {
		const path = ['nodes', index, 'name'];
		if (!dnsLabel.test(node.name)) {
			context.report('node-name-dns', path, `"${node.name}" cannot be a host name`, suggestLabel(node.name));
		}
		if (node.name === 'localhost') {
			const message = '"localhost" is the name of every machine for itself';
			context.report('node-name-dns', path, message, 'choose another name');
		}
		if (nodes.findIndex((other) => other.name.toLowerCase() === node.name.toLowerCase()) < index) {
			const fix = 'give each node its own name';
			context.report('node-name-unique', path, `a node before this one is named "${node.name}"`, fix);
		}
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
		const key = `${source.nodeIndex}/${source.name}`;
		if (seen.has(key)) {
			context.report('script-name', path, `the node has another script "${source.name}"`, 'give each script its own name');
		}
		seen.add(key);
	}
}

/** `Immich Server` → a fix with `immich-server`, as far as a label can be made of the name. */
function suggestLabel(name: string): string {
	const label = name
		.toLowerCase()
		.replace(/[^a-z0-9]+/g, '-')
		.slice(0, 63)
		.replace(/^-+|-+$/g, '');
	const rule = 'lower-case letters, digits and hyphens, 63 at most, beginning and ending with a letter or digit';
	return label === '' || label === name ? `use ${rule}` : `write "${label}": ${rule}`;
}
