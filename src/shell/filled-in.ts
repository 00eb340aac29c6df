/** Texts of a script with its variables filled in. */

/** Longer values are no names, addresses or paths that anybody wrote, and would take long where there are many. */
const longestValue = 200;

/** A text with `$NAME` and `${NAME}` replaced by what the script sets them to, where that is one fixed value that is not long. */
export const filledIn = (text: string, variables: ReadonlyMap<string, string>): string =>
	variables.size === 0 || !text.includes('$')
		? text
		: text.replace(/\$(?:\{(\w+)\}|(\w+))/g, (written, braced?: string, plain?: string) => {
				const given = variables.get(braced ?? plain ?? '');
				return given === undefined || given.length > longestValue ? written : given;
			});
