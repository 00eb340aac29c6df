/** Scripts that are nested deeper than the parser can follow, as no person writes them. */

/** What the reader of a script makes of it, or `otherwise` where its nesting exhausts the stack. */
export function unlessTooDeep<T>(read: () => T, otherwise: (message: string) => T): T {
	try {
		return read();
	} catch (error) {
		if (!(error instanceof RangeError)) throw error;
		return otherwise('substitutions are nested too deeply to be read');
	}
}
