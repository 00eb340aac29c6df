/** `npm run bench:night`: the table of bin/help/shards.md, from recorded times. Boots nothing. */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { formatMs } from '../../src/base/format.js';
import type { UnitTimes } from '../../src/shard/units.js';
import { readRecorded, simulateNight, type NightOptions } from './night.js';

const usage = `npm run bench:night -- [TIMES] [--orders N] [--start MS] [--bring MIB] [--link MIB/S] [--merge MS] [--again]

  TIMES           a file of \`rehearse merge --times\` (test/bench/night-times.json)
  --orders N      orders of startup (256)
  --start MS      how long Slurm takes to begin a task (2000)
  --bring MIB     what a host brings before its first task (375)
  --link MIB/S    what all hosts together get of it (110, a gigabit)
  --merge MS      what merging takes for each shard (14)
  --again         the hosts have it all from the night before: they bring nothing, and boot nothing
`;

const { values: flags, positionals } = parseArgs({
	allowPositionals: true,
	options: {
		orders: { type: 'string', default: '256' },
		start: { type: 'string', default: '2000' },
		bring: { type: 'string', default: '375' },
		link: { type: 'string', default: '110' },
		merge: { type: 'string', default: '14' },
		again: { type: 'boolean', default: false },
		help: { type: 'boolean', default: false },
	},
});
if (flags.help) {
	process.stdout.write(usage);
} else {
	const first = readRecorded(JSON.parse(readFileSync(positionals[0] ?? 'test/bench/night-times.json', 'utf8')) as UnitTimes);
	const recorded = flags.again ? { ...first, plainMs: Math.min(first.plainMs, ...first.ordersMs) } : first;
	const options: NightOptions = {
		orders: Number(flags.orders),
		startMs: Number(flags.start),
		bringBytes: flags.again ? 0 : Number(flags.bring) * 2 ** 20,
		linkBytesPerSecond: Number(flags.link) * 2 ** 20,
		mergeMs: Number(flags.merge),
	};
	const one = simulateNight(recorded, 1, options, 1);
	const row = (cells: readonly (string | number)[]) => `| ${cells.join(' | ')} |\n`;
	process.stdout.write(row(['hosts', 'shards', 'wall time', 'of one host', 'hosts work', 'copying', 'merging']) + row(Array.from({ length: 7 }, () => '---:')));
	for (const hosts of [1, 2, 4, 8, 16, 32, 64, 128, 256].filter((count) => count <= options.orders)) {
		// One host is not worth a second shard; where there are more hosts than shards by default, each has one.
		const usual = simulateNight(recorded, hosts, options).shards;
		const night = simulateNight(recorded, hosts, options, hosts === 1 ? 1 : Math.max(hosts, usual));
		process.stdout.write(row([hosts, night.shards, formatMs(night.ms), `1/${(one.ms / night.ms).toFixed(1)}`, `${night.work.toFixed(2)} ×`, formatMs(night.bringMs), formatMs(night.mergeMs)]));
	}
}
