/** The workflows of `rehearse help ci`, read as the services read them. */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

/** A step of a job of GitHub Actions. */
export interface Step {
	readonly uses?: string;
	readonly with?: Readonly<Record<string, string | number>>;
	readonly run?: string;
	readonly if?: string;
}

export interface GithubWorkflow {
	readonly jobs: Readonly<Record<string, { readonly 'runs-on': string; readonly 'timeout-minutes': number; readonly 'steps': readonly Step[] }>>;
}

/** A job of GitLab CI/CD. */
export interface GitlabJob {
	readonly image: string;
	readonly variables: Readonly<Record<string, string>>;
	readonly cache: { readonly key: string; readonly paths: readonly string[] };
	readonly before_script: readonly string[];
	readonly script: readonly string[];
	readonly artifacts: { readonly when: string; readonly paths: readonly string[]; readonly reports: Readonly<Record<string, string>> };
}

/** The texts of all; the first are those of one machine, for GitHub and for GitLab; tests run from the root of the repository. */
export const workflowTexts: readonly string[] = [...readFileSync('bin/help/ci.md', 'utf8').matchAll(/^```yaml\n(# \.git[^]*?)^```$/gm)].map(([, text = '']) => text);

/** The steps of the one job of the workflow for GitHub. */
export const githubSteps = (): readonly Step[] => Object.values((parse(workflowTexts[0] ?? '') as GithubWorkflow).jobs)[0]?.steps ?? [];

/** The job for GitLab. */
export const gitlabJob = (): GitlabJob => (parse(workflowTexts[1] ?? '') as { readonly rehearse: GitlabJob }).rehearse;

/** Steps whose condition holds in a job that has, or has not, failed. */
export const stepsOf = (isFailed: boolean): readonly Step[] =>
	githubSteps().filter(({ if: condition = 'success()' }) => condition === 'always()' || condition === (isFailed ? 'failure()' : 'success()'));

/** How a runner of GitHub starts the text of a step, and one of GitLab the lines of a script. */
export const shells = {
	github: (text: string): readonly [string, ...string[]] => ['bash', '-e', '-c', text],
	gitlab: (lines: readonly string[]): readonly [string, ...string[]] => ['bash', '-c', ['set -eo pipefail', ...lines].join('\n')],
} as const;

/** The variables by which a job of GitHub Actions is known. */
export const githubJob = (directory: string, summary: string): Readonly<Record<string, string>> => ({
	CI: 'true',
	GITHUB_ACTIONS: 'true',
	GITHUB_WORKSPACE: directory,
	GITHUB_STEP_SUMMARY: summary,
});
