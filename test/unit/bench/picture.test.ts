/** The picture of a run shows what the run reported. */
import test from 'ava';
import { stripVTControlCharacters } from 'node:util';
import { foldEvents } from '../../../src/outcome/fold.js';
import { summary } from '../../../src/report/summary.js';
import { terminalSvg } from '../../picture/svg.js';
import { logNames, readLog } from '../report/golden.js';

const unescaped = (text: string): string => text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');

/** What somebody reads in a picture, line by line. */
const textOf = (svg: string): string[] =>
	[...svg.matchAll(/<text [^>]*>(.*?)<\/text>/g)].map(([, spans = '']) => unescaped([...spans.matchAll(/<tspan[^>]*>([^<]*)<\/tspan>/g)].map(([, text]) => text).join('')));

for (const name of logNames) {
	test(`the picture of the run ${name}`, (t) => {
		const text = summary(foldEvents(readLog(name)), { color: true, width: 92 });
		const svg = terminalSvg(text, 'a <title>');
		t.deepEqual(textOf(svg), stripVTControlCharacters(text).replace(/\n+$/, '').split('\n'));
		t.notRegex(svg, /\x1b/);
		t.true(svg.includes('aria-label="a &lt;title&gt;"'));
	});
}

test('colours end where they end, and columns are where they were', (t) => {
	const svg = terminalSvg('a\x1b[32mb\x1b[39mc\n\x1b[1;31md\x1b[0me', '');
	t.deepEqual([...svg.matchAll(/<tspan ([^>]*)>(\w)/g)].map(([, look, text]) => [text, look]), [
		['a', 'x="18.0" textLength="8.4"'],
		['b', 'x="26.4" textLength="8.4" fill="#56d364"'],
		['c', 'x="34.9" textLength="8.4"'],
		['d', 'x="18.0" textLength="8.4" font-weight="bold" fill="#ff7b72"'],
		['e', 'x="26.4" textLength="8.4"'],
	]);
	t.throws(() => terminalSvg('\x1b[45mx', ''), { message: 'no colour for SGR 45' });
});
