import test from 'ava';
import { cloudInitComplaints } from '../../../src/machine/cloud-init.js';

const done = { errors: [], recoverable_errors: {}, start: 1.5, finished: 2.5 };
const good = { 'init-local': done, init: done, 'modules-config': done, 'modules-final': done };

const complains = test.macro((t, status: unknown, expected: (string | RegExp)[]) => {
	const complaints = cloudInitComplaints(typeof status === 'string' ? status : JSON.stringify(status));
	t.is(complaints.length, expected.length, complaints.join('\n'));
	expected.forEach((complaint, index) =>
		typeof complaint === 'string' ? t.is(complaints[index], complaint) : t.regex(complaints[index] ?? '', complaint),
	);
});

test('nothing to complain of', complains, { v1: { ...good, datasource: 'DataSourceNoCloud', stage: null } }, []);
test('an older cloud-init knows no recoverable errors', complains, { v1: { ...good, init: { errors: [], finished: 1 } } }, []);
test('an error, with its own message', complains, { v1: { ...good, init: { ...done, errors: ['no user ops'] } } }, ['init: ERROR: no user ops']);
test('recoverable warnings, with their level', complains, {
	v1: { ...good, 'modules-final': { ...done, recoverable_errors: { WARNING: ['one', 'two'], DEPRECATED: ['three'] } } },
}, ['modules-final: WARNING: one', 'modules-final: WARNING: two', 'modules-final: DEPRECATED: three']);
test('a stage that did not finish', complains, { v1: { ...good, 'modules-final': { ...done, finished: null } } }, [
	"cloud-init's stage modules-final did not finish",
]);
test('a stage that never began', complains, { v1: { 'init-local': done } }, [/stage init did/, /modules-config did/, /modules-final did/]);
test('several complaints come in the order of the stages', complains, {
	v1: { ...good, 'init-local': { ...done, errors: ['a'] }, 'modules-config': { ...done, errors: ['b'] } },
}, ['init-local: ERROR: a', 'modules-config: ERROR: b']);
test('no status', complains, '', [/no readable status: ""/]);
test('half a status', complains, '{"v1": {"init', [/no readable status/]);
test('a status of another version', complains, { v2: {} }, [/init-local/, /init/, /modules-config/, /modules-final/]);
