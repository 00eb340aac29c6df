/** Scripts that handle the trace themselves: the real line is told, or that the trace ended. */
import test from 'ava';
import { tells } from './told.js';

// The script handles the trace itself.
test(tells, `
#!/bin/bash
set -eu
set +x
p=$(printf secret)
cat /nonexistent`, { line: 5, command: 'cat /nonexistent' });
test(tells, `
set -e
set +x
echo secret
false`, { line: 4, command: 'false' });
test(tells, `
set -euo pipefail
{ set +x; } 2>/dev/null
echo secret
cat /nonexistent | cat`, { endedAt: 2 });
test(tells, `
set -e
set +x
true
(exit 4)`, { endedAt: 2 });
test(tells, `
trap 'rm -f x' EXIT
set -e
set +x
true
cat /nonexistent`, { endedAt: 3 });
test(tells, `
set -e
set -x
echo a
set +x
echo secret
set -x
ls /nonexistent
echo c`, { line: 7, command: 'ls' });
test(tells, `
set +x
false
set -x
echo on`, {});
test(tells, `
(set +x; echo secret)
set -e
ls /nonexistent`, { line: 3, command: 'ls' });
test(tells, `
(set -x; echo shown)
echo on
ls /nonexistent || exit 3`, { line: 3, command: 'exit 3' });
test(tells, `
#!/bin/bash
set -euo pipefail
export PS4='+ \${BASH_SOURCE##*/}:\${LINENO}: '
set -x
mkdir d
echo "media: d"
cp /nonexistent d/
echo ready`, { line: 7, command: 'cp /nonexistent d/' });
test(tells, `
PS4='+ $(date +%Y) '
set -e
echo a
ls /nonexistent`, { line: 4, command: 'ls /nonexistent' });
test(tells, `
set -eo pipefail
PS4='> '
echo a
ls /nonexistent | cat`, { endedAt: 2 });
test(tells, `
exec 7>log
BASH_XTRACEFD=7
PS4='= '
set -ex
echo a
ls /nonexistent`, {});
test(tells, `
#!/bin/bash -xe
echo a
ls /nonexistent
echo b`, { line: 3, command: 'ls', output: /^\+ echo a\na\n\+ ls \/nonexistent\n[^+]*$/ });
test(tells, `
#!/bin/bash -x
echo a`, { output: /^\+ echo a\na\n$/ });
