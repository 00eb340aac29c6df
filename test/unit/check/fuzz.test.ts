/** A thousand damaged plans, made of good ones by a fixed seed: `check` says what is wrong with each, and nothing worse. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import test from 'ava';
import { toFailure, toReported } from '../../../src/base/errors.js';
import { washed } from '../../../src/base/wash.js';
import { checkCommand } from '../../../src/commands/check.js';
import { Random } from '../../kills/random.js';

const count = 1000;
const maximumMs = 5000;

/** What is put in the place of something else: what parsers and terminals trip over. */
const pieces = [
	...['\x00', '\x1b[31m', '\u202e', '\x9b', '\r', '\t', '\ufeff', '\ud800', '\u2028::error::x'],
	...['{', '}', '[', ']', '"', ':', '- ', '&a ', '*a', '!!js ', '<<: ', '|', '>', '#', '%YAML 9', '---\n'],
	...['null', 'true', '-1', '1e999', '0x', '2PiB', '99999999999999999999', '10.71.0.300/99', '../../../etc/passwd', '__proto__', 'constructor', '/dev'],
] as const;

function damaged(text: string, random: Random): string {
	const at = () => Math.floor(random.next() * text.length);
	const lines = text.split('\n');
	const line = Math.floor(random.next() * lines.length);
	switch (random.pick(['cut', 'insert', 'replace', 'drop line', 'repeat line', 'swap lines', 'indent', 'end'] as const)) {
		case 'cut': {
			const from = at();
			return text.slice(0, from) + text.slice(from + Math.ceil(random.next() * 40));
		}
		case 'insert': {
			const from = at();
			return text.slice(0, from) + random.pick(pieces) + text.slice(from);
		}
		case 'replace': {
			const words = [...text.matchAll(/[\w./-]+/g)];
			const word = words.length > 0 ? random.pick(words) : undefined;
			return word ? text.slice(0, word.index) + random.pick(pieces) + text.slice(word.index + word[0].length) : text;
		}
		case 'drop line':
			return lines.toSpliced(line, 1).join('\n');
		case 'repeat line':
			return lines.toSpliced(line, 0, lines[line] ?? '').join('\n');
		case 'swap lines':
			return lines.toSpliced(line, 1).toSpliced(Math.floor(random.next() * lines.length), 0, lines[line] ?? '').join('\n');
		case 'indent':
			return lines.toSpliced(line, 1, ` ${lines[line] ?? ''}`).join('\n');
		case 'end':
			return text.slice(0, at());
	}
}

/** What `rehearse check` does with a plan: its exit status and all that it prints. */
async function check(lab: string, format: 'text' | 'json'): Promise<{ exitCode: number; shown: string }> {
	let shown = '';
	try {
		const exitCode = await checkCommand({ lab, format, schema: false, color: false, stdout: (text) => (shown += text) });
		return { exitCode, shown };
	} catch (error) {
		const { exitCode, message, detail = '', hint = '' } = washed(toReported(toFailure(error)));
		return { exitCode, shown: `${shown}${message}\n${detail}\n${hint}\n` };
	}
}

test('a thousand damaged plans', async (t) => {
	t.timeout(10 * 60_000);
	const directory = await mkdtemp(path.join(os.tmpdir(), 'fuzz-'));
	t.teardown(() => rm(directory, { recursive: true, force: true }));
	const good = path.join(process.cwd(), 'test', 'plans', 'good');
	const names = (await readdir(good)).sort();
	const plans = await Promise.all(names.map(async (name) => ({ name, text: await readFile(path.join(good, name), 'utf8') })));
	const random = new Random(20_261);
	for (let number = 0; number < count; number++) {
		const { name, text } = random.pick(plans);
		let plan = text;
		for (let blows = 1 + Math.floor(random.next() * 4); blows > 0; blows--) plan = damaged(plan, random);
		const file = path.join(directory, `${number}${path.extname(name)}`);
		await writeFile(file, plan);
		const began = performance.now();
		const format = random.pick(['text', 'json'] as const);
		const { exitCode, shown } = await check(file, format);
		const what = `plan ${number}:\n${JSON.stringify(plan)}\n${shown}`;
		if (exitCode !== 0 && exitCode !== 2) t.fail(`exit status ${exitCode} of ${what}`);
		if (performance.now() - began > maximumMs) t.fail(`too long for ${what}`);
		if (/[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e]|^\s*::[a-z]+::/m.test(shown)) t.fail(`a control character for ${what}`);
		// In JSON an escape becomes the character for who reads it; behind another backslash it is the text of one.
		if (format === 'json' && /(?<!\\)(?:\\\\)*\\u00(?:[01][0-9a-f]|7f|9b)/.test(shown)) t.fail(`an escaped control character for ${what}`);
	}
	t.pass();
});
