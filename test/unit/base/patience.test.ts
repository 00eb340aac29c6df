import test from 'ava';
import { patience } from '../../../src/base/patience.js';

const given = (text?: string) => () => patience(text === undefined ? {} : { REHEARSE_PATIENCE: text });

test('a host without the variable is as patient as any', (t) => {
	t.is(given()(), 1);
	t.is(given('')(), 1);
});

test('patience is a number of times', (t) => {
	t.is(given('1')(), 1);
	t.is(given('2.5')(), 2.5);
	t.is(given('100')(), 100);
});

for (const text of ['0', '0.5', '101', 'much', '-3', 'Infinity', 'NaN']) {
	test(`no patience: ${text}`, (t) => {
		t.throws(given(text), { code: 'usage', message: `REHEARSE_PATIENCE=${text}: expected a number from 1 to 100` });
	});
}
