import test from 'ava';
import { isStandIn, maskOf, planMaskOf } from '../../../src/base/secrets.js';

const ops = { user: 'ops', password: 'correct/horse "battery"' };

const masks = test.macro({
	exec(t, passwords: readonly { readonly user: string; readonly password: string }[], text: string, expected: string) {
		t.is(maskOf(passwords)(text), expected);
	},
	title: (_title, _passwords, text) => `masked: ${JSON.stringify(text)}`,
});

test(masks, [ops], 'echo correct/horse "battery" | chpasswd', 'echo __password-of-ops__ | chpasswd');
test(masks, [ops], JSON.stringify({ a: `x${ops.password}y` }), '{"a":"x__password-of-ops__y"}');
test(masks, [ops], '{"a":"correct\\/horse \\"battery\\""}', '{"a":"__password-of-ops__"}');
test(masks, [{ user: 'ä', password: 'pässwörter' }], 'p\\u00e4ssw\\u00f6rter', '__password-of-a-user__');
test(masks, [{ user: 'ops', password: 'ops' }], 'ops has a laptop, user=ops', '__password-of-ops__ has a laptop, user=__password-of-ops__');
test(masks, [{ user: 'a', password: 'long-password' }, { user: 'b', password: 'long-password-2' }], 'long-password-2 long-password', '__password-of-b__ __password-of-a__');
test(masks, [{ user: 'a', password: 'same-for-both' }, { user: 'b', password: 'same-for-both' }], 'same-for-both', '__password-of-a-b__');
const quoted = { user: 'db', password: `it's a $ecret` };
test(masks, [quoted], `mysql '-pit'\\''s a $ecret'`, "mysql '-p__password-of-db__'");
test(masks, [quoted], 'echo "db:it\'s a \\$ecret" | chpasswd', 'echo "db:__password-of-db__" | chpasswd');
test(masks, [{ user: 'db', password: 'p@ss/w0rd9' }], 'postgres://db:p%40ss%2Fw0rd9@host mysql://db:p%40ss%2fw0rd9@host', 'postgres://db:__password-of-db__@host mysql://db:__password-of-db__@host');
test(masks, [{ user: 'db', password: 'half \ud800 a letter' }], 'half \ud800 a letter', '__password-of-db__');
test(masks, [], 'nothing to mask', 'nothing to mask');
test(masks, [{ user: 'a', password: '' }], 'nor here', 'nor here');

test('a plan means something without its passwords', (t) => {
	const plan = 'users: [{ username: ops, password: ops }, { username: db, password: "long-enough" }]\nscript: echo long-enough ops\n';
	const masked = planMaskOf([{ user: 'ops', password: 'ops' }, { user: 'db', password: 'long-enough' }])(plan);
	t.is(masked, 'users: [{ username: ops, password: __password-of-ops__ }, { username: db, password: "__password-of-db__" }]\nscript: echo __password-of-db__ ops\n');
});

test('what was masked is never masked again', (t) => {
	// Passwords that occur in what stands for them, short and long.
	for (const password of ['ops', 'password', '__password-of-ops__', 'word-of-o']) {
		const mask = maskOf([{ user: 'ops', password }, { user: 'db', password: 'password-of' }]);
		const once = mask(`login ops with ${password} and password-of`);
		t.is(mask(once), once);
		t.true(isStandIn(maskOf([{ user: 'ops', password: 'secret-of-it' }])('secret-of-it')));
	}
	t.false(isStandIn('secret-of-it'));
});
