/** Surveys in a run's directory, a file for each node: they are too much for the event log. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Survey } from '../lab/survey.js';

const surveysIn = (runDirectory: string): string => path.join(runDirectory, 'surveys');

/** Writes the survey of a node. */
export async function writeSurvey(runDirectory: string, node: string, survey: Survey): Promise<void> {
	await mkdir(surveysIn(runDirectory), { recursive: true });
	await writeFile(path.join(surveysIn(runDirectory), `${node}.json`), JSON.stringify(survey), { mode: 0o600 });
}

/** The surveys of a run by node; none where it was not surveyed, or not to the end. */
export async function readSurveys(runDirectory: string): Promise<ReadonlyMap<string, Survey>> {
	const directory = surveysIn(runDirectory);
	const names = (await readdir(directory).catch(() => [])).filter((name) => name.endsWith('.json'));
	const surveys = names.map(async (name): Promise<(readonly [string, Survey])[]> => {
		try {
			return [[name.replace(/\.json$/, ''), JSON.parse(await readFile(path.join(directory, name), 'utf8')) as Survey]];
		} catch {
			return [];
		}
	});
	return new Map((await Promise.all(surveys)).flat());
}
