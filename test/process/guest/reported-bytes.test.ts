/** Scripts in other languages, and scripts that are no plain text. */
import test from 'ava';
import { runBothWays } from './both-ways.js';
import { reports } from './reported.js';

// Other languages report the place themselves.
test('Python', reports, `
#!/usr/bin/python3
import json
def load(name):
	return json.loads(name)
def main():
	load("{")
main()`, { line: 4, command: 'return json.loads(name)', output: /Traceback[^]*JSONDecodeError: .*\n$/ });
test('Python that is no Python', reports, `
#!/usr/bin/env python3
print("a")
if True
	pass`, { line: 3, command: 'if True' });
test('Python that exits', reports, `
#!/usr/bin/python3
raise SystemExit(3)`, {});
test('Perl', reports, `
#!/usr/bin/perl
sub f {
	die "no such thing";
}
f();`, { line: 3 });

/** A script that is no plain text runs byte for byte. */
const runsUnchanged = test.macro(async (t, bytes: string, files: Readonly<Record<string, string>>, output?: string) => {
	const { traced, plain } = await runBothWays(t, Buffer.from(bytes, 'latin1'));
	t.deepEqual(traced.files, plain.files);
	const written = Object.entries<string>(traced.files).map(([name, described]) => [name, described.slice(described.indexOf(' ') + 1)] as const);
	t.deepEqual(Object.fromEntries(written), { ...files });
	t.is(traced.exitCode, plain.exitCode);
	t.is(traced.output, plain.output);
	if (output !== undefined) t.is(traced.output, output);
});
test('a script in ISO 8859-1', runsUnchanged, "#!/bin/bash\n# propri\xe9taire\necho 'Ren\xe9' >owner\n", { owner: 'Ren\xe9\n' });
test('a script with a NUL byte', runsUnchanged, "#!/bin/bash\necho 'a\0b' >file\n", {});
test('a script with Windows line ends', runsUnchanged, '#!/bin/bash\r\necho a >file\r\n', {});
test('a script with a byte order mark', runsUnchanged, '\xef\xbb\xbf#!/bin/bash\necho a >file\n', { file: 'a\n' });
test('a script without a last line end', runsUnchanged, '#!/bin/bash\necho a >file; printf b', { file: 'a\n' }, 'b');
test('an empty script', runsUnchanged, '', {});
