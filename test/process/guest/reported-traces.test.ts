/** Scripts that handle the trace themselves: the real line is reported, or that the trace ended. */
import test from 'ava';
import { reports } from './reported.js';

// The script handles the trace itself.
test(reports, `
#!/bin/bash
set -eu
set +x
p=$(printf secret)
cat /nonexistent`, { line: 5, command: 'cat /nonexistent' });
test(reports, `
set -e
set +x
echo secret
false`, { line: 4, command: 'false' });
test(reports, `
set -euo pipefail
{ set +x; } 2>/dev/null
echo secret
cat /nonexistent | cat`, { endedAt: 2 });
test(reports, `
set -e
set +x
true
(exit 4)`, { endedAt: 2 });
test(reports, `
trap 'rm -f x' EXIT
set -e
set +x
true
cat /nonexistent`, { endedAt: 3 });
test(reports, `
set -e
set -x
echo a
set +x
echo secret
set -x
ls /nonexistent
echo c`, { line: 7, command: 'ls' });
test(reports, `
set +x
false
set -x
echo on`, {});
test(reports, `
(set +x; echo secret)
set -e
ls /nonexistent`, { line: 3, command: 'ls' });
test(reports, `
(set -x; echo shown)
echo on
ls /nonexistent || exit 3`, { line: 3, command: 'exit 3' });
test(reports, `
#!/bin/bash
set -euo pipefail
export PS4='+ \${BASH_SOURCE##*/}:\${LINENO}: '
set -x
mkdir d
echo "media: d"
cp /nonexistent d/
echo ready`, { line: 7, command: 'cp /nonexistent d/' });
test(reports, `
PS4='+ $(date +%Y) '
set -e
echo a
ls /nonexistent`, { line: 4, command: 'ls /nonexistent' });
test(reports, `
set -eo pipefail
PS4='> '
echo a
ls /nonexistent | cat`, { endedAt: 2 });
test(reports, `
exec 7>log
BASH_XTRACEFD=7
PS4='= '
set -ex
echo a
ls /nonexistent`, {});
test(reports, `
#!/bin/bash -xe
echo a
ls /nonexistent
echo b`, { line: 3, command: 'ls', output: /^\+ echo a\na\n\+ ls \/nonexistent\n[^+]*$/ });
test(reports, `
#!/bin/bash -x
echo a`, { output: /^\+ echo a\na\n$/ });
