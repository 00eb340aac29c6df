/**
 * Locales that scripts set: an image has C, POSIX and C.UTF-8, to which cloud-init may add its own default; programs complain of
 * others that are not there.
 */
import type { ScriptAnalysis } from '../../shell/script.js';
import { declaredPackages } from '../packages.js';
import type { CheckContext } from './context.js';

/** The language, the country and what is behind them: `de_DE.UTF-8`. */
const setting = /^(?:LC_[A-Z]+|LANG)=["']?([a-z]{2,3}_[A-Z]{2}(?:\.[\w-]{1,20})?(?:@\w{1,20})?)["']?$/;

/** What cloud-init makes of itself. */
const ofCloudInit = 'en_US.UTF-8';

const makers = new Set(['locale-gen', 'localedef', 'dpkg-reconfigure']);

/** Locales that no package of the recipe and no script of the node makes. */
export function checkLocales(context: CheckContext): void {
	const making = new Set(context.scripts.filter(({ analysis }) => makesLocales(analysis)).map(({ source }) => source.nodeIndex));
	for (const script of context.scripts) {
		const node = context.document.nodes[script.source.nodeIndex];
		if (!node || making.has(script.source.nodeIndex) || declaredPackages(node.recipe, context.features).has('locales-all')) continue;
		const seen = new Set<string>();
		for (const { text, line } of settingsIn(script.analysis)) {
			const locale = setting.exec(text)?.[1];
			if (locale === undefined || locale === ofCloudInit || seen.has(locale)) continue;
			seen.add(locale);
			const message = `${locale} is set, but nothing makes that locale on ${node.name}`;
			context.reportInScript('locale-missing', script, line, message, 'set C.UTF-8, make it with locale-gen, or add the package "locales-all" to the recipe');
		}
	}
}

const makesLocales = ({ commands }: ScriptAnalysis): boolean =>
	commands.some(({ name, words }) => makers.has(name ?? '') || words.some(({ value }) => value === 'locales-all'));

/** Assignments by themselves, and those that are words of a command: `export LANG=…`, `env LC_ALL=…`, `localectl set-locale LANG=…`. */
const settingsIn = ({ commands, statements }: ScriptAnalysis): readonly { readonly text: string; readonly line: number }[] => [
	...statements,
	...commands.flatMap(({ words, line }) => words.slice(1).map(({ value: text }) => ({ text, line }))),
];
