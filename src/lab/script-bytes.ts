/** The bytes of a startup script, which is a text for whoever reads it and runs as it is. */
import { sha256 } from '../base/hash.js';
import type { StartupScript } from './lab.js';

/** A script as text. Where its bytes are no UTF-8, they come in base64 beside the text. */
export function scriptOf(content: Buffer): Pick<StartupScript, 'text' | 'bytes'> {
	const text = content.toString('utf8');
	return Buffer.from(text).equals(content) ? { text } : { text, bytes: content.toString('base64') };
}

/** What a script's file holds. */
export const contentOf = ({ text, bytes }: Pick<StartupScript, 'text' | 'bytes'>): string | Buffer =>
	bytes === undefined ? text : Buffer.from(bytes, 'base64');

/**
 * One hash for the startup scripts of a node, in lower case hex: SHA-256 over a list with the name of each in the machine
 * and the SHA-256 of its bytes, in their order, in the JSON of RFC 8785 (`[{"name":"web","sha256":"…"}]`).
 */
export const scriptsHash = (scripts: readonly Pick<StartupScript, 'name' | 'text' | 'bytes'>[]): string =>
	// Two keys in their order and no numbers: RFC 8785 has it as JSON.stringify does.
	sha256(JSON.stringify(scripts.map((script) => ({ name: script.name, sha256: sha256(contentOf(script)) }))));
