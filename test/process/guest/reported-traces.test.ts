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

// What the end of the script is recorded with, the script may have changed.
for (const change of ['IFS=:', "IFS=' :'", "IFS=$'\\n\\t'", 'IFS=', 'readonly IFS=:', 'mapfile() { false; }', 'set() { builtin set "$@"; }', 'shopt -s expand_aliases\nalias mapfile=false', 'enable -n mapfile']) {
	const setting = change.split('\n').length;
	test(reports, `
${change}
cat /nonexistent | cat
exit 3`, { line: setting + 2, command: 'exit 3', swallowed: [[setting + 1, 'cat /nonexistent']] });
	test(reports, `
set -eE
${change}
trap 'echo failed' ERR
chown root:root /nonexistent`, { line: setting + 3, command: 'chown root:root /nonexistent' });
	test(reports, `
${change}
true`, {});
}
test(reports, `
PS4='(line \${LINENO}) '
set -e
readonly IFS=:
echo a
ls /nonexistent`, { line: 5, command: 'ls /nonexistent' });
test('a restricted shell', reports, `
#!/bin/bash -r
IFS=:
cd /tmp
exit 3`, { line: 4, command: 'exit 3', swallowed: [[3, 'cd /tmp']] });
test(reports, `
trap 'echo child' CHLD
sleep 0.05 & wait
exit 3`, { line: 3, command: 'exit 3' });

// An element of a pipeline that cannot expand its command writes the end of the script too.
test(reports, `
set -u
echo a
echo "$NOT_SET" | cat
echo on
exit 3`, { line: 5, command: 'exit 3' });
test(reports, `
set -euo pipefail
echo a
printf '%s' "$NOT_SET" | tee x
echo no`, { line: 3 });
test(reports, `
set -u
zero=0
echo $((1 / zero)) | cat
trap 'rm -f x' EXIT
cat /nonexistent
exit 3`, { line: 6, command: 'exit 3', swallowed: [[5, 'cat /nonexistent']] });
test(reports, `
PS4='# '
echo a
echo "\${NOT_SET?missing}" | cat
exit 3`, { line: 4, command: 'exit 3' });

// Only what the script asked for is output: not what it restores of the options that it found.
test(reports, `
set -e
XTRACE=$(set +o | grep xtrace)
set +o xtrace
echo a
$XTRACE
ls /nonexistent`, { line: 6, command: 'ls' });
test(reports, `
set -e
old=$(set +o)
set +eux
false
eval "$old"
cat /nonexistent`, { line: 6, command: 'cat' });
test(reports, `
set -e
quiet() {
	local -
	set +x
	echo quiet
}
quiet
ls /nonexistent`, { line: 8, command: 'ls' });
test(reports, `
#!/bin/bash -ex
echo 'set -x; sleep 0; set +x; echo within; set -x' >part
. ./part
ls /nonexistent`, { line: 4, command: 'ls', output: /^\+\+ set \+x\nwithin\n\+ ls /m });
test(reports, `
#!/bin/bash -exu
export PS4='+ x '
echo a
set +x
echo quiet
set -x
ls /nonexistent`, { line: 7, command: 'ls', output: /^quiet\n\+ x ls /m });
test(reports, `
PS4='++ '
set -x
echo a
set +x
echo quiet
set -x
echo b
exit 3`, { line: 8, command: 'exit 3', output: /^\+\+ echo a\na\n\+\+ set \+x\nquiet\n\+\+ echo b\n/ });
for (const prompt of ['', "PS4='[\\s] '\n"]) {
	test(reports, `
${prompt}set -x
echo a
{ set +x; } 2>/dev/null
echo quiet
{ set -x; } 2>/dev/null
ls /nonexistent
exit 3`, { line: prompt === '' ? 7 : 8, command: 'exit 3', ...(prompt === '' ? { swallowed: [[6, 'ls /nonexistent']] as const } : {}), output: /echo a\na\nquiet\n.* ls /m });
}
for (const options of ['-x', '-ex', '-eux']) {
	test(reports, `
#!/bin/sh ${options}
echo a
exit 3`, { line: 3, command: 'exit 3', output: /^\+ echo a\na\n\+ exit 3\n$/ });
}
test(reports, `
set -u
echo "$NOT_SET" | cat
trap - EXIT
cat /nonexistent
false`, { line: 5, command: 'false', swallowed: [[4, 'cat /nonexistent']] });
