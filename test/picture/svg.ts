/** A terminal's text as SVG: one text element a line, with the colours that its control sequences ask for. Pure. */

/** Columns and lines, in pixels. */
const cell = { width: 8.43, height: 19 } as const;
const margin = 18;

const colors: Readonly<Record<string, string>> = { '31': '#ff7b72', '32': '#56d364', '33': '#e3b341', '36': '#76e3ea' };

interface Style {
	readonly bold: boolean;
	readonly dim: boolean;
	readonly color: string | undefined;
}

const plain: Style = { bold: false, dim: false, color: undefined };

/** The style after one SGR code (ECMA-48), of those that the tool writes. @throws Error for another one */
function styled(style: Style, code: string): Style {
	if (code === '0' || code === '') return plain;
	if (code === '1') return { ...style, bold: true };
	if (code === '2') return { ...style, dim: true };
	if (code === '22') return { ...style, bold: false, dim: false };
	if (code === '39') return { ...style, color: undefined };
	const color = colors[code];
	if (color === undefined) throw new Error(`no colour for SGR ${code}`);
	return { ...style, color };
}

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** Draws the text, whose width is that of its longest line. Blanks are kept, and columns stay aligned in whatever font there is. */
export function terminalSvg(text: string, title: string): string {
	const lines = text.replace(/\n+$/, '').split('\n');
	let style = plain;
	let columns = 0;
	const drawn = lines.map((line, row) => {
		let column = 0;
		const spans = line.split(/\x1b\[([\d;]*)m/).map((part, index) => {
			if (index % 2 === 1) {
				style = part.split(';').reduce(styled, style);
				return '';
			}
			if (part === '') return '';
			const x = (margin + column * cell.width).toFixed(1);
			const width = ([...part].length * cell.width).toFixed(1);
			column += [...part].length;
			const { bold, dim, color } = style;
			const look = [bold ? ' font-weight="bold"' : '', color ? ` fill="${color}"` : dim ? ' fill="#8b949e"' : ''].join('');
			return `<tspan x="${x}" textLength="${width}"${look}>${escaped(part)}</tspan>`;
		});
		columns = Math.max(columns, column);
		return `<text y="${margin + 14 + row * cell.height}" xml:space="preserve">${spans.join('')}</text>`;
	});
	const [width, height] = [Math.ceil(2 * margin + columns * cell.width), 2 * margin + lines.length * cell.height];
	return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escaped(title)}">
<rect width="100%" height="100%" rx="8" fill="#0d1117"/>
<g font-family="ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace" font-size="14" fill="#e6edf3">
${drawn.join('\n')}
</g>
</svg>
`;
}
