/** Debian's chromium, driven by Playwright, for pages that lie on the disk. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ExecutionContext } from 'ava';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';
import { findProgram } from '../../../src/process/find-program.js';

/** As root it has no sandbox of its own; the rest keeps it from looking for hosts of its maker. */
const flags = [
	...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
	...['--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
];

/** The browser of this host; nothing where `bin/setup test` cannot install one, as on Ubuntu. @throws Error on Debian */
export async function findBrowser(): Promise<string | undefined> {
	const names = ['chromium', 'chromium-browser', 'google-chrome'];
	const found = (await Promise.all(names.map((name) => findProgram(name)))).find((file) => file !== undefined);
	const release = await readFile('/etc/os-release', 'utf8').catch(() => '');
	if (found === undefined && /^ID=debian$/m.test(release)) throw new Error('there is no chromium: bin/setup test installs it');
	return found;
}

/** Starts a browser. */
export const startBrowser = (executablePath: string): Promise<Browser> => chromium.launch({ executablePath, args: flags });

export interface OpenedPage {
	readonly page: Page;
	/** What was opened. */
	readonly file: string;
	/** What the page asked for beside itself, what its console logged, and what was thrown in it. */
	readonly complaints: readonly string[];
}

/** Opens a page from the disk; closed when the test ends. */
export async function openPage(t: ExecutionContext, browser: Browser, html: string, { name = 'report.html', ...options }: BrowserContextOptions & { readonly name?: string } = {}): Promise<OpenedPage> {
	const directory = await mkdtemp(path.join(os.tmpdir(), 'rehearse-page-'));
	t.teardown(() => rm(directory, { recursive: true, force: true }));
	const file = path.join(directory, name);
	await writeFile(file, html);
	const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
	t.teardown(() => context.close());
	const page = await context.newPage();
	// Of a host that has much else to do.
	page.setDefaultTimeout(120_000);
	const complaints: string[] = [];
	const url = pathToFileURL(file).href;
	page.on('request', (request) => void (request.url().startsWith(url) || complaints.push(`request: ${request.url()}`)));
	page.on('console', (message) => void complaints.push(`console: ${message.text()}`));
	page.on('pageerror', (error) => void complaints.push(`error: ${error.message}`));
	page.on('dialog', (dialog) => void complaints.push(`dialog: ${dialog.message()}`));
	await page.goto(url);
	return { page, file, complaints };
}
