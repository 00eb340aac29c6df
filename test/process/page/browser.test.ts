/** The page of a run in a real browser. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import ava, { type ExecutionContext } from 'ava';
import type { Browser, Page } from 'playwright-core';
import { findBrowser, openPage, startBrowser } from './browser.js';
import { pages } from './pages.js';

const program = await findBrowser();
/** One after the other: dozens of pages at once are more than a small host can show in time. */
const test = (program === undefined ? ava.skip : ava.serial) as typeof ava.serial;

let browser: Browser;
ava.before(async () => {
	if (program !== undefined) browser = await startBrowser(program);
});
ava.after.always(() => browser?.close());

const kinds = Object.keys(pages);
const htmlOf = (kind: string): Promise<string> => pages[kind]?.() ?? Promise.resolve('');

/** What axe-core finds wrong, by rule and element. It sees no rectangle of SVG behind a text; those texts are looked at below. */
async function violations(page: Page): Promise<string[]> {
	await page.addScriptTag({ path: createRequire(import.meta.url).resolve('axe-core') });
	return page.evaluate(async () => {
		const { axe } = globalThis as unknown as { axe: { run(context: object): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> } };
		const { violations: found } = await axe.run({ exclude: [['.time .bar text']] });
		return found.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 200)}`));
	});
}

const accessible = ava.macro({
	async exec(t: ExecutionContext, kind: string, colorScheme: 'light' | 'dark') {
		// The policy of the page permits no script but its own.
		const { page } = await openPage(t, browser, await htmlOf(kind), { colorScheme, bypassCSP: true });
		await page.evaluate(() => {
			for (const details of globalThis.document.querySelectorAll('details')) details.setAttribute('open', '');
		});
		t.deepEqual((await violations(page)).slice(0, 10), []);
	},
	title: (_title, kind, colorScheme) => `axe finds nothing wrong with the page '${kind}', ${colorScheme}`,
});
for (const kind of kinds) test(accessible, kind, 'light');
for (const kind of ['failed', 'robustness', 'watched']) test(accessible, kind, 'dark');

for (const kind of kinds) {
	test(`the page '${kind}' opens from the disk, asks for nothing, and every link leads somewhere`, async (t) => {
		const { page, complaints } = await openPage(t, browser, await htmlOf(kind));
		const lost = await page.evaluate(() =>
			[...globalThis.document.querySelectorAll('a')]
				.map((link) => link.getAttribute('href') ?? '')
				.filter((href) => !href.startsWith('#') || globalThis.document.getElementById(decodeURIComponent(href.slice(1))) === null),
		);
		t.deepEqual(lost, []);
		t.deepEqual(complaints, []);
	});

	for (const width of [1280, 320]) {
		test(`the page '${kind}' is no wider than a window of ${width} pixels`, async (t) => {
			const { page } = await openPage(t, browser, await htmlOf(kind), { viewport: { width, height: 640 } });
			t.true((await page.evaluate(() => globalThis.document.documentElement.scrollWidth)) <= width);
		});
	}
}

const above = ava.macro({
	async exec(t: ExecutionContext, kind: string, text: string, viewport: { width: number; height: number }) {
		const { page } = await openPage(t, browser, await htmlOf(kind), { viewport });
		const box = await page.getByText(text, { exact: false }).first().boundingBox();
		t.true(box !== null && box.y + box.height <= viewport.height, JSON.stringify(box));
	},
	title: (_title, kind, text, { width }) => `the page '${kind}' shows '${text}' without scrolling at ${width} pixels`,
});
for (const viewport of [{ width: 1280, height: 800 }, { width: 320, height: 640 }]) {
	test(above, 'failed', 'redis › line 10', viewport);
	test(above, 'robustness', 'second run', viewport);
	test(above, 'broken', 'machine-panicked', viewport);
}

/** Contrast of two colours of the style sheet, by WCAG 2. */
function contrast(one: string, other: string): number {
	const luminance = (color: string): number => {
		const channels = [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16) / 255);
		const [red = 0, green = 0, blue = 0] = channels.map((value) => (value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
		return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
	};
	const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
	return (light + 0.05) / (dark + 0.05);
}

test('the text on the bars of the timeline can be read, light and dark', (t) => {
	const css = readFileSync('src/page/assets/page.css', 'utf8');
	for (const [, block = ''] of [...css.matchAll(/:root\{([^}]*)\}/g)]) {
		const colors = new Map([...block.replaceAll(/#([0-9a-f])([0-9a-f])([0-9a-f])(?=[;}]|$)/g, '#$1$1$2$2$3$3').matchAll(/--([\w-]+):(#[0-9a-f]{6})/g)].map(([, name = '', color = '']) => [name, color]));
		for (const bar of ['machine', 'script', 'assert', 'stage', 'fail']) t.true(contrast(colors.get('card') ?? '', colors.get(bar) ?? '') >= 4.5, `${bar}: ${contrast(colors.get('card') ?? '', colors.get(bar) ?? '')}`);
	}
});

test('a link to a line unfolds its script, and the keyboard alone gets there', async (t) => {
	const { page } = await openPage(t, browser, await htmlOf('passed'));
	t.false(await page.locator('[id="redis.redis.10"]').isVisible());
	await page.evaluate(() => void (globalThis.location.hash = '#redis.redis.10'));
	await page.locator('[id="redis.redis.10"]').waitFor({ state: 'visible' });
	await page.keyboard.press('/');
	t.is(await page.evaluate(() => globalThis.document.activeElement?.localName), 'input');
	await page.keyboard.type('pgvector');
	t.regex(await page.locator('#filter output').innerText(), /^\d+ of \d+$/);
	t.false(await page.locator('[id="node.redis"]').isVisible());
	await page.keyboard.press('Escape');
	t.true(await page.locator('[id="node.redis"]').isVisible());
	// Everything that can be used is reached by Tab, and no place holds the keyboard.
	const reached = new Set<string>();
	let rounds = 0;
	for (let count = 0; count < 400; count += 1) {
		await page.keyboard.press('Tab');
		const label = await page.evaluate(() => {
			const { activeElement } = globalThis.document;
			return activeElement === globalThis.document.body ? 'body' : `${activeElement?.localName} ${activeElement?.textContent?.slice(0, 30)}`;
		});
		if (label === 'body') rounds += 1;
		if (rounds === 2) break;
		reached.add(label);
	}
	const wanted = await page.evaluate(() =>
		[...globalThis.document.querySelectorAll<HTMLElement>('a[href], button, summary')]
			.filter((element) => element.getClientRects().length > 0 && element.closest('details:not([open]) > :not(summary)') === null)
			.map((element) => `${element.localName} ${element.textContent?.slice(0, 30)}`),
	);
	t.deepEqual(wanted.filter((label) => !reached.has(label)), []);
});

test('a command is copied', async (t) => {
	const { page } = await openPage(t, browser, await htmlOf('failed'), { permissions: ['clipboard-read', 'clipboard-write'] });
	await page.locator('button.copy').first().click();
	await page.getByText('copied').first().waitFor();
	t.is(await page.evaluate(() => globalThis.navigator.clipboard.readText()), 'rehearse run immich-photo-vault --keep on-failure');
});

test('without script the page reads the same, and offers nothing that would need one', async (t) => {
	const { page, complaints } = await openPage(t, browser, await htmlOf('failed'), { javaScriptEnabled: false });
	const text = await page.locator('body').innerText();
	for (const part of ['redis › line 10', 'no such file', 'Topology', 'Timeline', 'Stack ports listen']) t.true(text.includes(part), part);
	t.is(await page.locator('button').count(), 0);
	t.false(await page.locator('#filter').isVisible());
	t.deepEqual(complaints, []);
});

test('on paper everything is unfolded, and no bar is in the way', async (t) => {
	const { page } = await openPage(t, browser, await htmlOf('failed'));
	await page.emulateMedia({ media: 'print' });
	await page.evaluate(() => globalThis.dispatchEvent(new Event('beforeprint')));
	t.false(await page.locator('nav').isVisible());
	t.true(await page.locator('[id="immich-ml.immich-ml.4"]').isVisible());
	const pdf = await page.pdf({ format: 'A4' });
	t.true(pdf.length > 10_000);
});

test('what a hostile guest writes does nothing', async (t) => {
	const { page, complaints } = await openPage(t, browser, await htmlOf('hostile'));
	await page.evaluate(() => void globalThis.document.querySelectorAll('details').forEach((details) => details.setAttribute('open', '')));
	await page.waitForTimeout(300);
	t.is(await page.evaluate(() => (globalThis as { owned?: boolean }).owned), undefined);
	t.is(await page.title(), '✖ immich-photo-vault');
	t.is(await page.locator('img, template, textarea, iframe, script:not(body > script:last-child)').count(), 0);
	t.deepEqual(complaints, []);
});
