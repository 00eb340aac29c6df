/** `rehearse help TOPIC`: the reference, a file of Markdown for each topic in `help` of this package. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { usageFailure } from '../base/errors.js';
import { packageRoot } from '../base/package-root.js';
import { closest } from '../plan/keys.js';

/** A topic, by its name, with its title. */
export interface Topic {
	readonly name: string;
	readonly title: string;
}

const helpDirectory = (): string => path.join(packageRoot(), 'bin', 'help');

const readTopic = (name: string): string => readFileSync(path.join(helpDirectory(), `${name}.md`), 'utf8');

/** The topics that are written, sorted by name. */
export const writtenTopics = (): readonly Topic[] =>
	readdirSync(helpDirectory())
		.flatMap((file) => /^([\w-]+)\.md$/.exec(file)?.[1] ?? [])
		.sort()
		.map((name) => ({ name, title: (readTopic(name).split('\n')[0] ?? '').replace(/^# /, '') }));

/**
 * The text of a topic, as a terminal may show it: links to other topics are commands.
 * @param commands names of commands, which a reader may take for topics
 * @throws Failure `usage` for one that there is not
 */
export function topicText(name: string, topics: readonly Topic[], commands: readonly string[] = []): string {
	if (topics.some((topic) => topic.name === name)) return readTopic(name).replace(/\[([^\]]+)\]\((?!http)(?:\.\.\/)*([\w-]+)\.md\)/g, linkText);
	if (commands.includes(name)) throw usageFailure(`there is no topic "${name}"`, { hint: `\`rehearse ${name} --help\` has that command` });
	const meant = closest(name, topics.map((topic) => topic.name));
	throw usageFailure(`there is no topic "${name}"`, { hint: meant === undefined ? '`rehearse help topics` lists them' : `did you mean \`rehearse help ${meant}\`?` });
}

const linkText = (_link: string, text: string, file: string): string => (file === 'SECURITY' ? text : `${text} (rehearse help ${file})`);
