/**
 * The page of a run: one HTML file that needs no server, no network and no script. It is rendered when it is written, so
 * that what guests wrote is only ever text. A content security policy permits its own style and script by their hashes,
 * and nothing else.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { render } from 'preact-render-to-string';
import { packageRoot, toolVersion } from '../base/package-root.js';
import { verdictOf } from '../outcome/result.js';
import type { RunState } from '../outcome/state.js';
import type { Changes } from '../report/changes.js';
import { mark } from '../report/text.js';
import { changedKeys, ChangedSection } from './changed.js';
import { LeftOutSection, LimitsSection, NoticesSection, OutboundSection, SwallowedSection, WaivedSection, WarningsSection } from './findings.js';
import { Head } from './head.js';
import { LogsSection, type LogEnd } from './logs.js';
import { RobustnessSection } from './robustness.js';
import { ScriptsSection } from './scripts.js';
import { shown, shownLine } from './shown.js';
import { TestsSection } from './tests.js';
import { TimelineSection } from './timeline.js';
import { TopologySection } from './topology.js';

export interface PageInput {
	readonly state: RunState;
	/** The ends of consoles and journals. */
	readonly logs: readonly LogEnd[];
	readonly signature?: PageSignature;
	/** Against the run before; present for a page that loads itself again, since the lab is watched. */
	readonly changes?: Changes;
	/** What is to be known before all else: that what follows is not of the lab as it is now. */
	readonly banner?: string;
}

/** Who signed the run, and what that means (21 CFR 11.50). */
export interface PageSignature {
	readonly signer: string;
	readonly meaning: string;
	/** ISO 8601. */
	readonly signedAt: string;
}

/** A file beside the sources of this room that is put into every page as it is. */
const asset = (name: string): string => readFileSync(path.join(packageRoot(), 'src', 'page', 'assets', name), 'utf8');

/** As a content security policy names what it permits. */
const hashOf = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

const sections: readonly (readonly [id: string, title: string])[] = [
	['changed', 'Changed'],
	['topology', 'Topology'],
	['timeline', 'Timeline'],
	['scripts', 'Scripts'],
	['tests', 'Tests'],
	['robustness', 'Robustness checks'],
	['swallowed', 'Swallowed'],
	['outbound', 'Outbound'],
	['notices', 'To know'],
	['warnings', 'Left open'],
	['left-out', 'Left out'],
	['logs', 'Logs'],
	['limits', 'Limits'],
];

/** The page of a run, or of as much of it as its log holds. */
export function reportPage({ state, logs, signature, changes, banner }: PageInput): string {
	const [style, script] = [asset('page.css'), asset('page.js')];
	const policy = `default-src 'none'; style-src ${hashOf(style)}; script-src ${hashOf(script)}; base-uri 'none'; form-action 'none'`;
	const changed = changedKeys(changes);
	const body = render(
		<>
			{banner === undefined ? null : (
				<p id="banner" role="status">
					{shown(banner)}
				</p>
			)}
			<Head state={state} />
			<main id="main">
				<ChangedSection state={state} changes={changes} />
				<TopologySection state={state} changed={changed.nodes} />
				<TimelineSection state={state} />
				<ScriptsSection state={state} changed={changed.scripts} />
				<TestsSection state={state} changed={changed.assertions} />
				<RobustnessSection state={state} />
				<SwallowedSection state={state} />
				<OutboundSection state={state} />
				<NoticesSection state={state} />
				<WarningsSection state={state} />
				<LeftOutSection state={state} />
				<WaivedSection state={state} />
				<LogsSection logs={logs} />
				<LimitsSection />
			</main>
			<Footer state={state} signature={signature} />
		</>,
	);
	const links = sections.filter(([id]) => body.includes(`<section id="${id}"`));
	const bar = render(
		<nav aria-label="Sections" class="bar">
			<a class="skip" href="#main">
				Skip to the details
			</a>
			<ul>
				{links.map(([id, title]) => (
					<li>
						<a href={`#${id}`}>{title}</a>
					</li>
				))}
			</ul>
			<form id="filter" role="search" hidden>
				<input type="search" aria-label="Filter" placeholder="Filter: node, word, failed" />
				<output aria-live="polite" />
			</form>
		</nav>,
	);
	const title = `${mark(verdictOf(state))} ${shownLine(state.lab || 'lab', 80)}`;
	const head = render(
		<head>
			<meta charSet="utf-8" />
			<meta http-equiv="Content-Security-Policy" content={policy} />
			<meta name="viewport" content="width=device-width, initial-scale=1" />
			<meta name="color-scheme" content="light dark" />
			<meta name="referrer" content="no-referrer" />
			{changes ? (
				<noscript>
					<meta http-equiv="refresh" content="5" />
				</noscript>
			) : null}
			<title>{title}</title>
		</head>,
	);
	// Style and script are this room's own files; everything else has been through the renderer.
	return `<!doctype html>\n<html lang="en"${changes ? ' data-reload' : ''}>${head.replace('</head>', `<style>${style}</style></head>`)}<body>${bar}${body}<script>${script}</script></body></html>\n`;
}

const Footer = ({ state, signature }: { readonly state: RunState; readonly signature: PageSignature | undefined }) => (
	<footer>
		{signature ? (
			<p class="signed">
				Signed: <b>{shownLine(signature.signer)}</b>, {shownLine(signature.meaning)}, <time dateTime={signature.signedAt}>{signature.signedAt}</time>
			</p>
		) : null}
		<p>{`Written by rehearse ${toolVersion()} from the event log of the run${state.runDirectory === '' ? '' : ` in ${shownLine(state.runDirectory)}`}.`}</p>
	</footer>
);
