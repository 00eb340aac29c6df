import test from 'ava';
import { startupDeadlineMs } from '../../../src/protocol/run-spec.js';
import { requireFairLimits } from '../../../src/supervisor/startup.js';

const scripts = [
	{ name: 'quick', text: '', after: '' },
	{ name: 'long', text: '', after: '', timeoutSeconds: 600 },
];

test('the scripts of a node have the time of all of them, stretched for a slow host, and one more', (t) => {
	t.is(startupDeadlineMs(scripts, { scriptMs: 60_000 }, 1), (60 + 600 + 60) * 1000);
	t.is(startupDeadlineMs(scripts, { scriptMs: 120_000 }, 2), (120 + 1200 + 120) * 1000);
	t.is(startupDeadlineMs([], { scriptMs: 60_000 }, 1), 60_000);
});

test("a limit of the plan's own that ended a script is no fault of the lab on a host that is slower than it was meant for", (t) => {
	t.throws(() => requireFairLimits('web', scripts, ['long'], 4), { code: 'script-limit', message: /^web: systemd ended long at the limit .* 4\.0 times slower/ });
	t.notThrows(() => requireFairLimits('web', scripts, ['long'], 1.2));
	t.notThrows(() => requireFairLimits('web', scripts, ['quick'], 4));
	t.notThrows(() => requireFairLimits('web', [{ name: 'quick', text: '', after: '', timeoutSeconds: 5, isTimeOfRun: true }], ['quick'], 4));
	t.notThrows(() => requireFairLimits('web', scripts, [], 4));
});
