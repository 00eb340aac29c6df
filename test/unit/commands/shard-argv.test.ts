import test from 'ava';
import { fleetDefinition } from '../../../src/cli/commands/fleet.js';
import { shardArguments } from '../../../src/commands/shard-argv.js';

/** Flags of `fleet` that are for the whole, or that the job adds. */
const ofTheWhole = ['shard', 'on', 'shards', 'wait', 'strict', 'junit', 'code-quality', 'html', 'json'];

const options = {
	...{ labs: ['web', 'labs/a b.yaml'], accelerator: 'tcg' as const, limitBytes: 5e9, scriptTimeoutSeconds: 90, showSecrets: true, mirror: 'http://mirror.example.org/debian' },
	...{ timeLimitMs: 1_800_000, cold: true, course: { trace: false }, defaultTests: true, robustness: ['twice', 'reboot'] as const, shuffle: { count: 8, seed: 7 } },
	...{ times: 'times.json', out: '/shared/night', cacheFrom: '/shared/night/.cache' },
};

test('a shard is asked for by every flag of fleet that is not for the whole', (t) => {
	const argv = shardArguments(options);
	t.deepEqual(argv.slice(0, 3), ['fleet', 'web', 'labs/a b.yaml']);
	const flags = argv.slice(3).map((word) => word.replace(/^--(?:no-)?([^=]*).*$/, '$1'));
	t.deepEqual(flags.toSorted(), Object.keys(fleetDefinition.flags).filter((flag) => !ofTheWhole.includes(flag)).sort());
	t.true(argv.includes('--checkpoint-limit=5') && argv.includes('--timeout=1800') && argv.includes('--no-trace'));
});

test('and by none that was not given', (t) => {
	const plain = { ...options, scriptTimeoutSeconds: undefined, showSecrets: false, mirror: undefined, cold: false, course: { trace: true }, defaultTests: false, robustness: [], shuffle: undefined, times: undefined };
	t.deepEqual(shardArguments({ ...plain, labs: ['web'] }), ['fleet', 'web', '--accel=tcg', '--checkpoint-limit=5', '--timeout=1800', '--out=/shared/night', '--cache-from=/shared/night/.cache']);
});
