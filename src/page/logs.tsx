/** The ends of consoles and journals. */
import { formatBytes } from '../base/format.js';
import { Output, Section } from './parts.js';
import { place, shown, shownLine } from './shown.js';

/** The end of a file that a machine filled. */
export interface LogEnd {
	readonly kind: 'console' | 'journal';
	readonly node: string;
	readonly text: string;
	/** Size of the whole file. */
	readonly bytes: number;
	/** Where the whole file is, where it stays. */
	readonly path?: string;
}

/** The section of the page. */
export const LogsSection = ({ logs }: { readonly logs: readonly LogEnd[] }) =>
	logs.length === 0 ? null : (
		<Section id="logs" title="Consoles and journals" note="the end of each">
			{logs.map(({ kind, node, text, bytes, path }) => (
				<details id={place.log(kind, node)} class="card" data-f>
					<summary>
						<b>{shownLine(node, 60)}</b> {kind} <span class="muted">{formatBytes(bytes)} in all</span>
					</summary>
					{path === undefined ? null : (
						<p class="muted">
							<code data-copy>{path}</code>
						</p>
					)}
					<Output text={shown(text)} label={`${kind} of ${node}`} />
				</details>
			))}
		</Section>
	);
