/** The bytes of a startup script, which is a text for whoever reads it and runs as it is. */
import type { StartupScript } from './lab.js';

/** A script as text. Where its bytes are no UTF-8, they come in base64 beside the text. */
export function scriptOf(content: Buffer): Pick<StartupScript, 'text' | 'bytes'> {
	const text = content.toString('utf8');
	return Buffer.from(text).equals(content) ? { text } : { text, bytes: content.toString('base64') };
}

/** What a script's file holds. */
export const contentOf = ({ text, bytes }: Pick<StartupScript, 'text' | 'bytes'>): string | Buffer =>
	bytes === undefined ? text : Buffer.from(bytes, 'base64');
