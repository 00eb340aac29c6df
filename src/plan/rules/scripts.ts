/** Startup scripts: whether they can run at all, and what the compact-lab prompt asks of their form. */
import { plural } from '../../base/format.js';
import { parseCidr } from '../../lab/addressing.js';
import { holdsWord, partOfAddress } from '../../lab/words.js';
import { startupScriptEntries } from '../read.js';
import type { PlanPath } from '../types.js';
import type { AnalysedScript, CheckContext } from './context.js';

/** The compact-lab prompt's limit, in lines of shell. */
export const maximumShellLines = 25;

/** systemd.unit(5): the characters of a unit's name, and the suffixes of those that a script can run after. */
const unitName = /^[A-Za-z0-9:_.@\\-]+\.(?:target|service|socket|mount|path|timer|device|slice)$/;

/** Startup scripts: syntax, length, the commands that add the alias. */
export function checkScripts(context: CheckContext): void {
	checkCounts(context);
	checkAfter(context);
	for (const script of context.scripts) {
		if (script.source.isFolded) {
			context.report('script-folded', script.path, '`>` makes one line of the lines of this script, and one command of its commands', 'write `script: |`');
		}
		for (const { line, message } of script.analysis.errors) {
			context.reportInScript('script-syntax', script, line, message, 'fix the script; `bash -n FILE` shows the same');
		}
		if (!script.analysis.isShell) {
			const message = `the script is for ${script.analysis.interpreter}`;
			context.reportInScript('script-not-shell', script, 1, message, 'write a shell script that starts the program');
			continue;
		}
		checkLength(context, script);
		checkForeignAliases(context, script);
		checkAliasCommands(context, script);
	}
}

function checkCounts(context: CheckContext): void {
	context.document.nodes.forEach(({ name, alias: aliases, recipe }, nodeIndex) => {
		const count = recipe.startup_scripts.length;
		const path = ['nodes', nodeIndex, 'recipe', 'startup_scripts'];
		if (count !== 1) {
			const message = `${name} has ${plural(count, 'startup script')}, expected exactly one`;
			context.report('script-count', path, message, 'put everything into one script');
		}
		const scripts = context.scripts.filter(({ source }) => source.nodeIndex === nodeIndex);
		const hasUnread = scripts.length < count;
		// In a compact lab, script-alias-commands asks for more.
		if (context.isCompact || hasUnread) return;
		for (const alias of aliases) {
			// Another rule reports it, and no command could add it.
			if (parseCidr(alias) === undefined) continue;
			const address = alias.replace(/\/.*$/, '');
			if (scripts.some(({ source }) => holdsWord(source.text, address, partOfAddress))) continue;
			const fix = `begin a script with: ${aliasCommands(alias).join('; ')}`;
			context.report('alias-not-added', path, `no startup script of ${name} adds ${alias}`, fix);
		}
	});
}

function checkAfter(context: CheckContext): void {
	for (const { entry, path } of startupScriptEntries(context.document)) {
		checkUnit(context, entry.after, [...path, 'after']);
	}
}

function checkUnit(context: CheckContext, after: string | readonly string[] | undefined, path: PlanPath): void {
	if (after === undefined) return;
	const fix = 'write "network-online.target", or leave it out';
	if (typeof after !== 'string') {
		context.report('after-not-string', path, '"after" is a list', fix);
	} else if (!unitName.test(after)) {
		context.report('after-unit', path, `"${after}" is no unit that a script could run after`, fix);
	} else if (context.isCompact && after !== 'network-online.target') {
		context.report('after-unit', path, `"${after}" is not permitted in a compact lab`, fix);
	}
}

function checkLength(context: CheckContext, script: AnalysedScript): void {
	const { shellLines } = script.analysis;
	if (shellLines <= maximumShellLines) return;
	const message = `${shellLines} lines of shell, ${maximumShellLines} are permitted`;
	const fix = 'shorten it; here-documents, comments and blank lines do not count';
	context.reportInScript('script-too-long', script, 1, message, fix);
}

/** A script that was copied from another node, with the address of that one: both would have it. */
function checkForeignAliases(context: CheckContext, script: AnalysedScript): void {
	const { nodes } = context.document;
	const own = nodes[script.source.nodeIndex];
	const address = (alias: string): string => alias.replace(/\/.*$/, '');
	const seen = new Set<string>();
	for (const { name, words, line } of script.analysis.commands) {
		const values = words.slice(1).map(({ value }) => value);
		const isAdded = name === 'ip' && values.some((word) => /^a(?:ddr(?:ess)?)?$/.test(word)) && values.some((word) => /^(?:add|replace|change)$/.test(word));
		for (const found of isAdded ? values.map(address) : []) {
			const other = nodes.find((node) => node.alias.some((alias) => address(alias) === found));
			if (!other || seen.has(found) || own?.alias.some((alias) => address(alias) === found)) continue;
			seen.add(found);
			const fix = own?.alias[0] === undefined ? 'take it away' : `add ${own.alias[0]}, or take it away`;
			context.reportInScript('alias-of-another', script, line, `${found} is the address of ${other.name}: two nodes would have it`, fix);
		}
	}
}

/** The commands with which a script adds the alias of its node, as the compact-lab prompt spells them. */
export const aliasCommands = (alias: string): readonly string[] => [
	"IFACE=$(ip route show default | awk '{print $5; exit}')",
	'ip link set "$IFACE" up || true',
	`ip addr add ${alias} dev "$IFACE" || true`,
];

function checkAliasCommands(context: CheckContext, script: AnalysedScript): void {
	const node = context.document.nodes[script.source.nodeIndex];
	const alias = node?.alias[0];
	if (!node || alias === undefined || script.analysis.errors.length > 0) return;
	const { statements } = script.analysis;
	const wanted = aliasCommands(alias);
	const at = wanted.findIndex((command, index) => statements[index]?.text !== command);
	if (at === -1) return;
	const found = statements[at];
	const message = `command ${at + 1} of the script does not add the alias of ${node.name}`;
	context.reportInScript('script-alias-commands', script, found?.line ?? 1, message, `write exactly: ${wanted[at]}`);
}
