/** The lab as a picture in a file of its own, from the plan alone. */
import { render } from 'preact-render-to-string';
import type { Topology } from '../lab/topology.js';
import { Drawing } from './drawing.js';
import { sizeText } from './topology.js';

/** Light and dark, as whoever shows it has it; the same look as on the page. */
const css = [
	'svg{color-scheme:light dark;background:#fff}text{font:14px system-ui,"Segoe UI",Roboto,"DejaVu Sans",sans-serif;fill:#1c2128}',
	'.name{font-weight:600}.more{fill:#59636e;font-size:13px}.body{fill:#fff;stroke:#6b7683;stroke-width:1.5}.side{fill:#4a6fa5}',
	'path.edge{stroke:#6b7683;stroke-width:1.8;fill:none}.edge rect{fill:#fff;stroke:#6b7683}.edge text{font-size:12.5px}marker.edge path{stroke:none;fill:#6b7683}',
	'@media(prefers-color-scheme:dark){svg{background:#171c23}text{fill:#e4e9ef}.more{fill:#9aa5b1}.body,.edge rect{fill:#171c23}}',
].join('');

/** The picture as a document, ending in a newline. */
export function topologySvg(topology: Topology): string {
	const connections = topology.connections.map((connection) => ({ connection, status: undefined, reported: 'not rehearsed' }));
	const svg = render(<Drawing topology={topology} connections={connections} statusOf={() => undefined} sizeText={sizeText} css={css} />);
	// HTML may have this in a text, which is all that the renderer thinks of; XML may not (section 2.4).
	return `${svg.replaceAll(']]>', ']]&gt;')}\n`;
}
