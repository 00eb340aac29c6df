/** Scripts that are nested deeper than the parser can follow, as no person writes them. */
import { parse, type ParsedScript } from 'unbash';

/** The result of `read`, or `otherwise` where the script's nesting exhausts the stack. */
export function unlessTooDeep<T>(read: () => T, otherwise: (message: string) => T): T {
	try {
		return read();
	} catch (error) {
		if (!(error instanceof RangeError)) throw error;
		return otherwise('substitutions are nested too deeply to be read');
	}
}

/** Substitutions that open within each other: the parser takes quadratic time to find that there are too many. */
const opensTooMuch = /(?:[<>$]\(+[^()\n]{0,8}){300}/;

/**
 * Parses a script.
 * @throws RangeError where it is nested too deeply: by the version of Node, the stack ends first or the parser's own limit
 */
export function parseNested(text: string): ParsedScript {
	if (opensTooMuch.test(text)) throw new RangeError('nested too deeply');
	const script = parse(text);
	if (script.errors?.some(({ message }) => / nesting depth exceeded$/.test(message)) === true) throw new RangeError('nested too deeply');
	return script;
}
