import test from 'ava';
import { packageInstalled, packageNotInstalled } from '../../../src/scenario/packages.js';
import { ended, rows } from './rows.js';

const installed = rows(packageInstalled);
test('package: installed', installed, { package: 'curl' }, ended('installed 8.14.1-2\n'), true);
test('package: with the version', installed, { package: 'curl', version: '8.' }, ended('installed 8.14.1-2\n'), true);
test(
	'package: with the version behind its epoch',
	installed,
	{ package: 'redis', version: '8.0' },
	ended('installed 5:8.0.2-3\n'),
	true,
);
test(
	'package: with another version',
	installed,
	{ package: 'curl', version: '7.' },
	ended('installed 8.14.1-2\n'),
	/curl 7\.… installed, saw version 8\.14\.1-2/,
);
test(
	'package: removed, configuration left',
	installed,
	{ package: 'curl' },
	ended('config-files 8.14.1-2\n'),
	/saw it not installed/,
);
test(
	'package: unknown',
	installed,
	{ package: 'curl' },
	ended('', 1, 'no packages found matching curl\n'),
	/saw it not installed/,
);
test(
	'package: dpkg broken',
	installed,
	{ package: 'curl' },
	ended('', 2, 'dpkg-query: error: database\n'),
	/exit status 2 \(dpkg-query: error/,
);

test('package: its maintainer script has failed', installed, { package: 'curl' }, ended('half-configured 8.14.1-2\n'), /saw version 8\.14\.1-2 \(half-configured\)/);
test('package: unpacked', installed, { package: 'curl' }, ended('unpacked 8.14.1-2\n'), /\(unpacked\)/);
test('package: others wait for it', installed, { package: 'curl' }, ended('triggers-pending 8.14.1-2\n'), true);
test('package: it waits for others', installed, { package: 'curl' }, ended('triggers-awaited 8.14.1-2\n'), true);

const absent = rows(packageNotInstalled);
for (const state of ['half-installed', 'unpacked', 'half-configured', 'triggers-awaited', 'triggers-pending']) {
	test(`no package: ${state}`, absent, { package: 'curl' }, ended(`${state} 8.14.1-2\n`), new RegExp(`saw version 8\\.14\\.1-2 \\(${state}\\)`));
}
test('no package: not installed', absent, { package: 'curl' }, ended('not-installed \n'), true);
test('no package: unknown', absent, { package: 'curl' }, ended('', 1, 'no packages found matching curl\n'), true);
test('no package: removed, configuration left', absent, { package: 'curl' }, ended('config-files 8.14.1-2\n'), true);
test(
	'no package: installed',
	absent,
	{ package: 'curl' },
	ended('installed 8.14.1-2\n'),
	/not installed, saw version 8\.14/,
);
test('no package: dpkg broken proves nothing', absent, { package: 'curl' }, ended('', 2, 'error'), /exit status 2/);
test('no package: no dpkg proves nothing', absent, { package: 'curl' }, ended('', 127, 'not found'), /exit status 127/);
