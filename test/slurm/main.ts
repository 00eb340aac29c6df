/**
 * The test on a real Slurm (`npm run test:slurm`): a controller and two hosts in namespaces of this machine, and a user who is
 * nobody else here. All cases but `orders` boot nothing and take a few minutes; that one boots the lab of the integration
 * tests eighteen times.
 */
import { cp } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { withCleanup } from '../../src/base/cleanup.js';
import { formatMs } from '../../src/base/format.js';
import { packageRoot } from '../../src/base/package-root.js';
import { untilAborted } from '../../src/base/waiting.js';
import { run } from '../../src/process/run.js';
import { userPaths } from '../../src/runs/paths.js';
import { startBed } from './bed.js';
import { cases } from './cases.js';

const usage = `npm run test:slurm -- [--only CASE,…] [--keep DIR] [--list]

  --only CASE,…   these cases alone
  --keep DIR      keeps the shards of \`orders\` there, for \`rehearse merge --times\`
  --list          says which there are
`;

async function main(): Promise<number> {
	const { values: flags } = parseArgs({ options: { only: { type: 'string' }, keep: { type: 'string' }, list: { type: 'boolean', default: false }, help: { type: 'boolean', default: false } } });
	if (flags.help || flags.list) {
		process.stdout.write(flags.help ? usage : cases.map(({ name, what }) => `${name.padEnd(14)}${what}\n`).join(''));
		return 0;
	}
	const names = flags.only?.split(',');
	const unknown = names?.filter((name) => !cases.some((one) => one.name === name)) ?? [];
	if (unknown.length > 0) throw new Error(`no case is called ${unknown.join(', ')}; \`--list\` says what there is`);
	if (process.getuid?.() !== 0) throw new Error('this takes root, to make hosts and to become an ordinary user on them: sudo npm run test:slurm');
	// Hosts have no way to a mirror.
	await run(['bin/rehearse', 'image', 'test/labs/pair/plan.yaml'], { cwd: packageRoot(), timeoutMs: 30 * 60_000 });
	const stopping = new AbortController();
	for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => stopping.abort(new Error(`ended by ${name}`)));
	return withCleanup(async (cleanup) => {
		const bed = await startBed(userPaths().images, cleanup);
		let failed = 0;
		for (const { name, what, run: runCase } of cases.filter((one) => names?.includes(one.name) ?? true)) {
			const began = performance.now();
			const problems = await untilAborted(
				runCase(bed).catch((error: unknown) => [String(error)]),
				stopping.signal,
			);
			if (problems.length > 0) failed += 1;
			process.stdout.write(`${problems.length === 0 ? '✔' : '✖'} ${name}: ${what} (${formatMs(performance.now() - began)})\n`);
			for (const problem of problems) process.stdout.write(problem.replace(/^/gm, '    ').concat('\n'));
		}
		if (flags.keep !== undefined) await cp(path.join(bed.home, 'orders'), flags.keep, { recursive: true });
		return failed === 0 ? 0 : 1;
	});
}

process.exitCode = await main();
