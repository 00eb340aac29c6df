/** Scripts of sh(1), whose trace has neither lines nor processes: the real command is reported, or none. */
import test from 'ava';
import { reports } from './reported.js';

// What a trap runs at the end is not what the script failed with.
for (const action of ["'rm -f x'", "'rc=$?; echo bye; exit $rc'", "'say bye'", 'clean', "'echo \"in $PWD\"; rm -f x'", "'for each in x y; do rm -f $each; done'", "'[ ! -e x ] || rm x'", "'\n\trm -f x\n\techo bye\n'", "'now=$(date); echo over'", "'true | sort >y; rm -f x'", "'rm -f x' EXIT INT"]) {
	const signals = action.endsWith('INT') ? '' : ' EXIT';
	const line = 6 + action.split('\n').length;
	test(`${action}: a trap of what fails under set -e`, reports, `
#!/bin/sh
set -e
say() { echo "$*"; }
clean() { status=$?; say cleaning; rm -f x; exit "$status"; }
rm -f x
trap ${action}${signals}
cp /nonexistent x
echo no`, { line, command: 'cp /nonexistent' });
	test(`${action}: a trap of an exit`, reports, `
#!/bin/sh
say() { echo "$*"; }
clean() { status=$?; say cleaning; rm -f x; exit "$status"; }
trap ${action}${signals.replace('EXIT', '0 1 2 15')}
touch x
rm -f x
exit 3`, { line, command: 'exit 3' });
}
test(reports, `
#!/bin/sh
trap 'echo one' EXIT
trap - EXIT
(trap 'ls /nonexistent' EXIT; true)
echo one
exit 3`, { line: 6, command: 'exit 3' });
test(reports, `
#!/bin/sh
clean() { rm -f x; }
trap clean EXIT
clean
exec ls /nonexistent`, { line: 5, command: 'exec ls' });
test('a trap of a subshell', reports, `
#!/bin/sh
set -e
trap 'rm -f y' EXIT
( trap 'rm -f x' EXIT
touch x
ls /nonexistent )`, { line: 6, command: 'ls' });
test('a trap of a function that a subshell runs', reports, `
#!/bin/sh
set -e
work() {
	trap 'rm -f x' EXIT
	touch x
	ls /nonexistent
}
touch z
(work)`, { line: 6, command: 'ls' });
test('a trap of a subshell behind which the script goes on', reports, `
#!/bin/sh
( trap 'rm -f x' EXIT; touch x; ls /nonexistent )
touch x
exit 3`, { line: 4, command: 'exit 3', swallowed: [[2, 'ls /nonexistent']] });
test('a signal', reports, `
#!/bin/sh
trap 'rm -f x' EXIT
trap 'exit 7' TERM
kill -TERM $$
echo no`, { line: 4, command: 'kill -TERM' });
test('a trap that fails itself', reports, `
#!/bin/sh
trap 'cp /nonexistent x; exit 4' EXIT
echo a`, { command: 'exit 4' });
test('a trap that cannot be told from other commands', reports, `
#!/bin/sh
set -e
trap "$(echo 'eval "echo bye"')" EXIT
cat /nonexistent`, { line: 4, command: 'cat /nonexistent' });

// With the trace ended the script may have failed with any command behind.
for (const end of ['set +x', 'set +o xtrace', "PS4='> '", "export PS4='# '", 'PS4=:']) {
	test(`${end}: the trace ends there`, reports, `
#!/bin/sh
set -eu
${end}
token=$(printf abc)
echo "token set"
ls /nonexistent
echo no`, { endedAt: 3, output: /^token set\nls: / });
	test(`${end}: and does so with a trap`, reports, `
#!/bin/sh
trap 'echo bye' EXIT
echo a
${end}
exit 3`, { endedAt: 4, output: /^a\nbye\n$/ });
}
test('a trace that goes on', reports, `
#!/bin/sh
set -e
false || set +x
echo quiet
set -x
ls /nonexistent`, { line: 6, command: 'ls', output: /^quiet\n\+ ls / });

// The elements of a pipeline record their commands in any order, and the last one's status counts.
test(reports, `
#!/bin/sh
set -e
echo a | grep -q b
echo no`, { line: 3, command: 'grep -q b' });

// What a command writes that has variables before it is its output, and no part of their values.
test(reports, `
#!/bin/sh
set -e
LC_ALL=C ls /nonexistent`, { line: 3, command: 'LC_ALL=C ls /nonexistent', output: /^ls: / });
test(reports, `
#!/bin/sh
set -e
A=1 LC_ALL=C sh -c 'echo a; echo b; exit 3'`, { line: 3, output: /^a\nb\n$/ });
test(reports, `
#!/bin/sh
set -e
list="$(printf 'c\\nd')"
A="one
two" LC_ALL=C ls /nonexistent`, { line: 4, command: 'A=one\ntwo', output: /^ls: / });
