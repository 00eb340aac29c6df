/**
 * Whether what a shell script writes to its standard error goes somewhere else for more than a single command: then a
 * trace by `sh -x` would go there too, into files and variables of the script's.
 */
import { forEachChild, type Redirection, type SyntaxNode } from 'unbash';
import { parseNested, unlessTooDeep } from './nesting.js';

/** True for scripts that redirect descriptor 2 of functions, groups, sourced files or themselves; and for broken ones. */
export const sharesErrors = (text: string): boolean => unlessTooDeep(() => readSharesErrors(text), () => true);

function readSharesErrors(text: string): boolean {
	const script = parseNested(text);
	const functions = new Set<string>();
	visit(script, (node) => {
		if (node.type === 'Function') functions.add(node.name.value);
	});
	let shares = (script.errors ?? []).length > 0;
	visit(script, (node) => {
		if (node.type === 'Redirected') shares ||= node.redirects.some(isOfErrors);
		if (node.type !== 'Command' || !node.redirects.some(isOfErrors)) return;
		const name = node.name?.value ?? '';
		// It only looks, and is traced by itself.
		if (name === 'command' && node.args[0]?.text === '-v') return;
		shares ||= functions.has(name) || /^(?:exec|eval|\.|source|command)$|[$`]/.test(name);
	});
	return shares;
}

function visit(node: SyntaxNode, look: (node: SyntaxNode) => void): void {
	look(node);
	forEachChild(node, (child) => visit(child, look));
}

/** Of `>&` and `&>` without a descriptor, dash knows the first only, and takes it for one of descriptor 1. */
const isOfErrors = (redirect: Redirection): boolean =>
	redirect.type === 'Redirect' &&
	(redirect.descriptor === undefined
		? redirect.operator.startsWith('&>')
		: redirect.descriptor.type !== 'FileDescriptor' || redirect.descriptor.value === 2);
