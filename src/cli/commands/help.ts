import { ExitCode } from '../../base/errors.js';
import { layOutColumns, painter } from '../../report/text.js';
import { defineCommand, type Command } from '../command.js';
import { flagsText } from '../flags-text.js';

/** Topics that are made of the program itself. */
const made = { topics: 'this list', flags: 'The flags of all commands' } as const;

/** `rehearse help [TOPIC]` */
export const helpDefinition = (commands: readonly Command[]): Command =>
	defineCommand({
		usage: 'help [topic]',
		describe: 'the reference: `rehearse help topics` lists what there is',
		positionals: { topic: { type: 'string', default: 'topics', describe: 'what about' } } as const,
		flags: {},
		async run({ topic }, { stdout }) {
			const { topicText, writtenTopics } = await import('../../commands/help.js');
			const written = writtenTopics();
			if (topic === 'flags') stdout.write(flagsText(commands));
			else if (topic === 'topics') {
				const all = [...written, { name: 'flags', title: made.flags }].sort((one, other) => (one.name < other.name ? -1 : 1));
				const rows = all.map(({ name, title }) => [{ text: `rehearse help ${name}` }, { text: title }]);
				stdout.write(`${layOutColumns(rows, painter(false)).join('\n')}\n`);
			} else stdout.write(topicText(topic, written, commands.map(({ name }) => name)));
			return ExitCode.passed;
		},
	});
