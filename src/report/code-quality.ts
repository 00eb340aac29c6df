/** The findings of a run as a code-quality report of GitLab: the part of the Code Climate format that it reads. */
import { sha256 } from '../base/hash.js';
import { oneLine } from '../base/format.js';
import type { Annotation } from './annotations.js';

/** How long something took, as messages have it. */
const took = / after \d[\d.]* (?:ms|s|min(?: \d+ s)?)/g;

/** The report, ending in a newline. What is in no file of the repository is put down to `plan`, since GitLab asks for one. */
export function codeQualityJson(annotations: readonly Annotation[], plan: string): string {
	const seen = new Map<string, number>();
	const issues = annotations.map(({ severity, check, file, line, title, message }) => {
		const description = oneLine(`${title}: ${message}`);
		const location = file ?? plan;
		// The same from run to run, so that GitLab can see what is new; without the line, which an edit above it moves.
		const key = [check, location, title, (message.split('\n')[0] ?? '').replaceAll(took, '')].join('\0');
		const count = (seen.get(key) ?? 0) + 1;
		seen.set(key, count);
		return {
			description,
			check_name: check,
			fingerprint: sha256(`${key}\0${count}`),
			severity: severity === 'error' ? 'critical' : 'minor',
			location: { path: location, lines: { begin: file === undefined ? 1 : (line ?? 1) } },
		};
	});
	return `${JSON.stringify(issues, undefined, '\t')}\n`;
}
