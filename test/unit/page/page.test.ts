import { readFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import test from 'ava';
import { foldEvents } from '../../../src/outcome/fold.js';
import { noChanges } from '../../../src/report/changes.js';
import { reportPage } from '../../../src/page/page.js';
import { shown, shownEnd, shownLine } from '../../../src/page/shown.js';
import { logNames, readLog } from '../report/golden.js';
import { bundledLab, eventsOf, hostileOutput } from './runs.js';

const kilobytes = (text: string): number => Buffer.byteLength(text) / 1000;

for (const log of logNames) {
	test(`the log '${log}', which knows neither topology nor sources, has a page`, (t) => {
		const html = reportPage({ state: foldEvents(readLog(log)), logs: [] });
		t.regex(html, /^<!doctype html>\n<html lang="en"><head>/);
		t.true(html.includes('<h1>'));
		t.true(kilobytes(html) < 150, `${kilobytes(html)} kB`);
		t.notRegex(html, /undefined|\[object|NaN/);
	});
}

test('the page of the bundled lab has less than 150 kB without logs, passed or failed', async (t) => {
	const lab = await bundledLab();
	for (const faults of [{}, { fails: { node: 'redis', line: 10, output: 'no such file\n' } }]) {
		const html = reportPage({ state: foldEvents(eventsOf(lab, faults)), logs: [] });
		t.true(kilobytes(html) < 150, `${kilobytes(html)} kB`);
	}
});

test('a page names the line that failed before anything else', async (t) => {
	const state = foldEvents(eventsOf(await bundledLab(), { fails: { node: 'redis', line: 10, output: 'no such file\n' } }));
	const html = reportPage({ state, logs: [] });
	const head = html.slice(html.indexOf('<header'), html.indexOf('</header>'));
	t.regex(head, /href="#redis\.redis\.10">redis › line 10</);
	t.true(head.includes('no such file'));
	t.true(head.includes('rehearse run immich-photo-vault --keep on-failure'));
	t.true(html.includes('<tr id="redis.redis.10" class="failing">'));
});

test('a bundle is offered of what `rehearse bundle` finds by its name, and not of a run in a shard', async (t) => {
	const lab = await bundledLab();
	const fails = { node: 'redis', line: 10, output: 'no such file\n' };
	const page = (runDirectory: string) => reportPage({ state: foldEvents(eventsOf(lab, { fails, runDirectory })), logs: [] });
	t.true(page('/runs/20260101T000000-immich-photo-vault-0a1b').includes('rehearse bundle 20260101T000000-immich-photo-vault-0a1b --redact'));
	for (const other of ['', '/tmp/shards/shard-1-of-2/labs/immich-photo-vault']) t.false(page(other).includes('rehearse bundle'), other);
});

test('every anchor of a page is there once, and every link leads to one', async (t) => {
	const state = foldEvents(eventsOf(await bundledLab(), { fails: { node: 'redis', line: 10, output: 'no such file\n' } }));
	const html = reportPage({ state, logs: [{ kind: 'console', node: 'redis', text: 'login:', bytes: 6, path: '/runs/r1/consoles/redis.log' }] });
	const ids = [...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
	t.is(new Set(ids).size, ids.length);
	const links = [...html.matchAll(/ href="([^"]*)"/g)].map(([, href]) => href ?? '');
	t.deepEqual(links.filter((href) => !href.startsWith('#') || !ids.includes(href.slice(1))), []);
});

test('what a guest writes is text, and bounded', async (t) => {
	const state = foldEvents(eventsOf(await bundledLab(), { output: hostileOutput, fails: { node: 'redis', line: 10, output: hostileOutput } }));
	const log = { kind: 'journal' as const, node: 'redis', text: hostileOutput, bytes: hostileOutput.length, path: '/j' };
	const html = reportPage({ state, logs: [log] });
	t.is(html.match(/<script/g)?.length, 1);
	t.is(html.match(/<style/g)?.length, 1);
	t.false(/<img|<template|<textarea/.test(html));
	t.false(/[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]|\p{Surrogate}/u.test(html));
	t.true(html.includes('&lt;script>'));
	t.true(html.includes('&lt;U+202E>'));
	t.true(kilobytes(html) < 400, `${kilobytes(html)} kB`);
});

test('the policy permits the style and the script of the page, and nothing else', (t) => {
	const html = reportPage({ state: foldEvents(readLog('passed')), logs: [] });
	const hashOf = (text: string | undefined) => `'sha256-${createHash('sha256').update(text ?? '').digest('base64')}'`;
	const [, style] = /<style>([^]*?)<\/style>/.exec(html) ?? [];
	const [, script] = /<script>([^]*?)<\/script>/.exec(html) ?? [];
	const policy = `default-src 'none'; style-src ${hashOf(style)}; script-src ${hashOf(script)}; base-uri 'none'; form-action 'none'`;
	t.true(html.replaceAll('&#39;', "'").includes(`content="${policy}"`));
	t.notRegex(html.replace(/<style>[^]*?<\/style>/, ''), / style="/);
	t.notRegex(html, / src=|<link|@import|url\((?!#)/);
});

test('neither style nor script of the page could end its element', (t) => {
	for (const name of ['page.css', 'page.js']) t.notRegex(readFileSync(`src/page/assets/${name}`, 'utf8'), /<\/(?:style|script)/i);
});

test('only the page of a lab that is watched loads itself again', (t) => {
	const state = foldEvents(readLog('passed'));
	t.notRegex(reportPage({ state, logs: [] }), /<html[^>]* data-reload|http-equiv="refresh"/);
	const watched = reportPage({ state, logs: [], changes: noChanges });
	t.regex(watched, /<html lang="en" data-reload>/);
	t.regex(watched, /<noscript><meta http-equiv="refresh"/);
	t.regex(watched, /Changed since the run before/);
});

test('a signature is printed with its name, meaning and time', (t) => {
	const signature = { signer: 'Ada <Auditor>', meaning: 'reviewed', signedAt: '2026-01-02T03:04:05.000Z' };
	const html = reportPage({ state: foldEvents(readLog('passed')), logs: [], signature });
	t.regex(html, /Signed: <b>Ada &lt;Auditor><\/b>, reviewed, <time[^>]*>2026-01-02T03:04:05\.000Z/);
});

test('a text that is shown has no control characters, no invisible ones, and an end', (t) => {
	t.is(shown('a\x1b[31mb\u202ec\ud800d\n\te'), 'ab<U+202E>c\ufffdd\n\te');
	t.is(shown(`x${'m'.repeat(5000)}\nend`), `x${'m'.repeat(1999)}… (3001 more characters)\nend`);
	t.is(shownLine('a\n b\tc', 4), 'a b…');
	t.is(shownEnd('one\ntwo\nthree\n', 2, 100), 'two\nthree');
	t.is(shownEnd('m'.repeat(9000), 5, 10), `…${'m'.repeat(10)}`);
});
