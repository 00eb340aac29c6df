/** What a page does for who keeps it open: it loads itself again, and finds words; and the drawing of a lab by itself. */
import { rename, writeFile } from 'node:fs/promises';
import ava from 'ava';
import type { Browser } from 'playwright-core';
import { topologyOf } from '../../../src/lab/topology.js';
import { topologySvg } from '../../../src/page/graph.js';
import { bundledLab } from '../../unit/page/runs.js';
import { findBrowser, openPage, startBrowser } from './browser.js';
import { pages, watchedPage } from './pages.js';

const program = await findBrowser();
const test = (program === undefined ? ava.skip : ava.serial) as typeof ava.serial;

let browser: Browser;
ava.before(async () => {
	if (program !== undefined) browser = await startBrowser(program);
});
ava.after.always(() => browser?.close());

test('the page of a watched lab marks what changed, and each mark leads there', async (t) => {
	const { page } = await openPage(t, browser, await watchedPage({}));
	const links = await page.locator('#changed a').evaluateAll((all) => all.map((link) => link.getAttribute('href')));
	t.deepEqual(links, ['#redis.redis.10', '#test.1.5', '#test.1.6', '#node.redis']);
	t.regex(await page.locator('#changed').innerText(), /failed redis › line 10 .*failed redis › Stack ports listen it was: passed.*In redis.*\/etc\/redis\/<b>\.conf/s);
	const marked = await page.locator('.news').evaluateAll((all) => all.map((mark) => mark.closest('[id]')?.id));
	t.deepEqual(marked, ['node.redis', 'redis.redis', 'test.1.5', 'test.1.6']);
});

test('it loads itself again, and keeps the place of its reader', async (t) => {
	const { page, file, complaints } = await openPage(t, browser, await watchedPage({ output: 'the first\n' }));
	await page.locator('[id="immich-ml.immich-ml"] > summary').click();
	await page.evaluate(() => globalThis.scrollTo(0, 600));
	const banner = 'Edited: the lab is being rehearsed again.';
	await writeFile(`${file}.new`, await watchedPage({ output: 'the second\n', banner }));
	await rename(`${file}.new`, file);
	await page.locator('#banner').waitFor({ state: 'attached' });
	t.is(await page.locator('#banner').innerText(), banner);
	t.true((await page.locator('#broken').innerText()).includes('the second'));
	t.true(await page.locator('[id="immich-ml.immich-ml"]').evaluate((details) => details.hasAttribute('open')));
	t.is(await page.evaluate(() => globalThis.document.activeElement?.closest('details')?.id), 'immich-ml.immich-ml');
	t.true((await page.evaluate(() => globalThis.scrollY)) > 300);
	t.deepEqual(complaints, []);
});

test('Enter in the filter goes from word to word, and unfolds where they are', async (t) => {
	const { page } = await openPage(t, browser, (await pages['passed']?.()) ?? '');
	await page.keyboard.press('/');
	await page.keyboard.type('include=');
	t.false(await page.locator('[id="redis.redis.15"]').isVisible());
	await page.keyboard.press('Enter');
	t.true(await page.locator('[id="redis.redis.15"]').isVisible());
	t.regex(await page.locator('#filter output').innerText(), /^1 of \d+$/);
	await page.keyboard.press('Shift+Enter');
	const [, at, count] = /^(\d+) of (\d+)$/.exec(await page.locator('#filter output').innerText()) ?? [];
	t.is(at, count, 'backwards from the first is the last');
});

test('the drawing of a lab is a file that a browser shows, whatever its nodes are called', async (t) => {
	const { network, connections, scenarios, nodes } = await bundledLab();
	const named = nodes.map((node, index) => (index === 0 ? { ...node, role: ']]></svg><script>alert(1)</script>&nbsp;\uffff' } : node));
	const { page, complaints } = await openPage(t, browser, topologySvg(topologyOf({ network, connections, scenarios, nodes: named })), { name: 'lab.svg' });
	t.is(await page.evaluate(() => globalThis.document.documentElement.localName), 'svg');
	t.is(await page.locator('parsererror, script').count(), 0);
	t.is(await page.locator('.node').count(), 4);
	const inside = await page.evaluate(() => {
		const svg = globalThis.document.documentElement.getBoundingClientRect();
		return [...globalThis.document.querySelectorAll('.node, g.edge')].every((part) => {
			const { left, right, top, bottom } = part.getBoundingClientRect();
			return left >= svg.left && right <= svg.right && top >= svg.top && bottom <= svg.bottom;
		});
	});
	t.true(inside);
	t.deepEqual(complaints, []);
});
