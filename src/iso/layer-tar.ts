import { tarEnd, tarHeader, tarPadding } from '../bundle/tar.js';
import type { LayerEntry } from './node-layer.js';

/** A layer as a tar archive, every time in it being `epoch` (seconds since 1970). */
export function layerArchive(entries: readonly LayerEntry[], epoch: number): Buffer {
	const parts = entries.flatMap(({ path, mode, uid, gid, content }) => {
		const name = path.replace(/^\//, '');
		const attributes = { mode, uid, gid };
		const at = epoch * 1000;
		if (content === 'directory') return [tarHeader(`${name}/`, 0, at, { ...attributes, type: 'directory' })];
		if ('link' in content) return [tarHeader(name, 0, at, { ...attributes, type: { link: content.link } })];
		const bytes = typeof content.data === 'string' ? Buffer.from(content.data) : content.data;
		return [tarHeader(name, bytes.length, at, { ...attributes, type: 'file' }), bytes, tarPadding(bytes.length)];
	});
	return Buffer.concat([...parts, tarEnd()]);
}
