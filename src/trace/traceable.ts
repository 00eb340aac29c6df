/** Which startup scripts can be traced without being changed. */
import { sharesErrors } from '../shell/shared-errors.js';

/** Why a script is not to be traced, if it is not. */
export function reasonNotToTrace(text: string): string | undefined {
	const own = text.split('\n').findIndex((line) => /^\s*(?:[^#]*[\s;])?BASH_XTRACEFD=/.test(line)) + 1;
	if (own > 0) return `it has a trace of its own (BASH_XTRACEFD in line ${own})`;
	const [, program = ''] = /^#![ \t]*(.*)/.exec(text) ?? [];
	if (!/(?:^|[/\s])(?:da)?sh(?:\s|$)/.test(program) || !sharesErrors(text)) return undefined;
	return 'it redirects the errors of more than single commands, and the trace of sh(1) would go there too';
}
