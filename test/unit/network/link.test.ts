import test from 'ava';
import { isOptional, linkCommands, parseLink } from '../../../src/network/link.js';

test('what a link cannot be names what is expected', (t) => {
	const delay = 'link delay: expected milliseconds above 0, 60000 at most';
	for (const amount of [undefined, Number.NaN, 0, -1, 60_001]) t.throws(() => parseLink('delay', amount), { code: 'usage', message: delay });
	for (const amount of [undefined, Number.NaN, 101]) t.throws(() => parseLink('loss', amount), { message: 'link loss: expected per cent above 0, 100 at most' });
	t.throws(() => parseLink('up', 3), { message: 'link up: expected no number' });
});

const commandTexts = (...args: Parameters<typeof linkCommands>) => linkCommands(...args).map((argv) => argv.join(' '));

test('a link is brought down, and up again without what ailed it', (t) => {
	t.deepEqual(commandTexts('tap3', { state: 'down' }), ['ip link set dev tap3 down']);
	t.deepEqual(commandTexts('tap3', { state: 'up' }), ['ip link set dev tap3 up', 'tc qdisc del dev tap3 root']);
	t.deepEqual(linkCommands('tap3', { state: 'up' }).map(isOptional), [false, true]);
});

test('a bad link replaces what it was before', (t) => {
	t.deepEqual(commandTexts('tap0', { state: 'bad', delayMs: 200 }), ['tc qdisc replace dev tap0 root netem delay 200ms', 'ip link set dev tap0 up'], 'what cannot be made bad stays down');
	t.is(commandTexts('tap0', { state: 'bad', lossPercent: 5 })[0], 'tc qdisc replace dev tap0 root netem loss 5%');
});
