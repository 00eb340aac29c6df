/** Pipelines, subshells and substitutions: the command that failed is reported with its own line. */
import test from 'ava';
import { reports } from './reported.js';

// Pipelines and subshells.
test(reports, `
set -euo pipefail
printf '1\\n2\\n' | while read -r n; do
	if [ "$n" = 2 ]; then
		ln -s /a /nonexistent/b
	fi
done
echo ready`, { line: 4, command: 'ln' });
test(reports, `
set -euo pipefail
printf '%s\\n' a b c | while read -r kind; do
	echo "room for $kind"
	if [ "$kind" = b ]; then
		echo no
		exit 9
	fi
done
echo ready`, { line: 6, command: 'exit 9' });
test(reports, `
set -e
cat /nonexistent | while read -r account; do
	echo "account $account"
done
echo ready`, { swallowed: [[2, 'cat /nonexistent']] });
test(reports, `
set -euo pipefail
main() {
	echo begin
	cp /nonexistent here
	echo end
}
main 2>&1 | tee log
echo ready`, { line: 4, command: 'cp /nonexistent here' });
test(reports, `
set -euo pipefail
{
	echo begin
	cp /nonexistent here
	echo end
} 2>&1 | tee log`, { line: 4, command: 'cp' });
test(reports, `
set -euo pipefail
{ echo a | cat; ls /nonexistent 2>&1 | cat; echo no; } | tee log
echo ready`, { line: 2, command: 'ls /nonexistent' });
test(reports, `
set -euo pipefail
true | false | true`, { line: 2, command: 'false' });
test(reports, `
set -e
true | false | true
false | true
true | (exit 3)`, { line: 4, command: 'exit 3', swallowed: [[2, 'false'], [3, 'false']] });
test(reports, `
while read -r l; do
	echo "$l"
done < <(cat /nonexistent)
echo on`, { swallowed: [[3, 'cat /nonexistent']] });
test(reports, `
mapfile -t all < <(echo a; nosuchcommand)
echo "\${#all[@]}"`, { swallowed: [[1, 'nosuchcommand']] });
test(reports, `
set -e
x=$(echo "$(cat /nonexistent)")
echo "[$x]"`, { swallowed: [[2, 'cat /nonexistent']] });
test(reports, `
set -e
x=$(y=$(cat /nonexistent); echo "$y")
echo "[$x]"`, { swallowed: [[2, 'cat /nonexistent']] });
test(reports, `
set -e
x=$(cat "$(echo /nonexistent)")
echo "[$x]"`, { line: 2, command: 'cat /nonexistent' });
test(reports, `
set -e
x=$(cd /nonexistent && pwd)
echo "[$x]"`, { line: 2, command: 'cd /nonexistent' });
test(reports, `
set -e
( cd /; ls /nonexistent; echo on )
( cd /; set +e; ls /nonexistent; exit 4 )
echo no`, { line: 2, command: 'ls' });
test(reports, `
( ls /nonexistent; true )
( true | cat /nonexistent; exit 4 )
(exit 5) || true
exit 6`, { line: 4, command: 'exit 6', swallowed: [[1, 'ls /nonexistent'], [2, 'cat /nonexistent'], [2, 'exit 4'], [3, 'exit 5']] });
test(reports, `
set -euo pipefail
for i in 1 2; do
	echo $i | grep -q 1
done`, { line: 3, command: 'grep -q 1' });
test(reports, `
set -euo pipefail
find . -name '*' | xargs -r ls /nonexistent >/dev/null
echo no`, { line: 2, command: 'xargs' });
test(reports, `
set -euo pipefail
n=$(ls /nonexistent 2>/dev/null | wc -l)
echo no`, { line: 2, command: 'ls /nonexistent 2>/dev/null | wc -l' });
test(reports, `
set -euo pipefail
echo a | (cat; false)
echo no`, { line: 2, command: 'false' });
test(reports, `
shopt -s lastpipe
set -eo pipefail
echo a | while read -r x; do
	ls /nonexistent
done
echo no`, { line: 4, command: 'ls' });
test(reports, `
set -e
f() { true | grep -q a; }
f
echo no`, { line: 2, command: 'grep -q a' });

test(reports, `
set -e -o pipefail
for f in a b c; do
	[ $f != b ] || ls /nonexistent
	echo $f
done | sort
echo no`, { line: 3, command: 'ls' });
test(reports, `
set -e
(sleep 0.3; exit 7) &
true | ls /nonexistent
echo no`, { line: 3, command: 'ls' });
test(reports, `
set -e
case a in
a) ls /nonexistent ;;
esac | cat
case a in a) true ;; esac | while read -r l; do :; done
f() {
	set +x
	ls /nonexistent
}
f`, { line: 8, command: 'ls', swallowed: [[3, 'ls']] });

// What a branch of `case` forks writes the header once more: that is no next command of the script.
test(reports, `
set -euo pipefail
case start in
start) ls /nonexistent | sort | cat ;;
esac
echo no`, { line: 3, command: 'ls /nonexistent' });
test(reports, `
set -e
case start in
start) (cd /nonexistent) ;;
esac`, { line: 3, command: 'cd /nonexistent' });
test(reports, `
set -eo pipefail
work() {
	case $1 in
	up) cat /nonexistent | while read -r each; do echo "$each"; done ;;
	esac
}
for i in 1 2; do case $i in 1) ls /nonexistent | cat || true ;; 2) work up ;; esac; done`, { line: 4, command: 'cat /nonexistent', swallowed: [[7, 'ls /nonexistent']] });
test(reports, `
case a in a) cat /nonexistent & wait ;; esac
case "$(cat /nonexistent2; echo b)" in b) ls /nonexistent3 | cat ;; esac
exit 3`, { line: 3, command: 'exit 3', swallowed: [[2, 'cat /nonexistent2'], [2, 'ls /nonexistent3']] });
test(reports, `
#!/bin/bash -x
case a in a) (true) ;; esac
exit 3`, { line: 3, command: 'exit 3', output: /^\+ case a in\n\+ true\n\+ exit 3\n$/ });

// Each process has a trap of its own for its end.
for (const [begin, end] of [['', '|& tee log'], ['', '2>&1 | while IFS= read -r each; do echo "> $each"; done'], ['(', ')'], ['echo "$(', ')"; x=$(work)'], ['x=$(', ')']] as const) {
	for (const action of ['rm -f x; exit', 'rc=$?; true | sort >y; exit $rc', 'echo bye']) {
		test(`${begin}work ${end}, with a trap of ${action}`, reports, `
set -eo pipefail
work() {
	trap '${action}' EXIT
	touch x
	cat /nonexistent
}
${begin}work ${end}`, { line: 5, command: 'cat /nonexistent', ...(end.endsWith('=$(work)') ? { swallowed: [[5, 'cat /nonexistent']] as const } : {}) });
	}
}
test(reports, `
set -e
( trap 'cp /nonexistent x; exit 4' EXIT
true )`, { command: 'cp /nonexistent x' });

// Elements that begin with the same word are told apart by the others, whichever is traced first.
test(reports, `
set -e
true | (sleep 0.2; grep -v grep /etc/passwd) | grep grep nosuch | cat >/dev/null
ps | grep -v grep | grep nosuchprocess`, { line: 3, command: 'grep nosuchprocess', swallowed: [[2, 'grep grep nosuch']] });

// An array is recorded before the substitutions in it, whose last status is its own.
test(reports, `
set -eu
files=( $(ls /nonexistent) )
echo "\${#files[@]}"`, { line: 2, command: 'ls /nonexistent' });
test(reports, `
set -e
a=(x)
a+=(y $(true) "$(cat /nonexistent)")
echo no`, { line: 3, command: 'cat /nonexistent' });
test(reports, `
set -e
a=(
	$(echo a)
	$(cat /nonexistent | head -1; exit 4)
)
echo no`, { line: 4, command: 'exit 4', swallowed: [[4, 'cat /nonexistent']] });
test(reports, `
a=( $(ls /nonexistent) ); b=$(ls /nonexistent)
c=( $(false) $(true) )
d=( $(true) ); e=1
f=( $(false) ); f=2
exit 3`, { line: 5, command: 'exit 3', swallowed: [[1, 'ls /nonexistent'], [1, 'ls /nonexistent'], [2, 'false'], [4, 'false']] });
test(reports, `
f() {
	local -a x=( $(cat /nonexistent) )
	y=( $(cat /nonexistent2) )
}
f || exit 3`, { line: 5, command: 'exit 3', swallowed: [[2, 'cat /nonexistent'], [3, 'cat /nonexistent2']] });
test(reports, `
set -e
declare -A m
m[x]=$(cat /nonexistent)
echo no`, { line: 3, command: 'cat /nonexistent' });
test(reports, `
set -e
v=$(a=( $(ls /nonexistent) ))
echo no`, { line: 2, command: 'ls /nonexistent' });

// A loop over nothing and a choice of nothing hide the status of what gave them nothing.
test(reports, `
set -e
for each in $(ls /nonexistent); do echo "$each"; done
case "$(cat /nonexistent)" in x) echo x ;; esac
case $(true) in x) echo x ;; esac
for each in $(echo a; ls /nonexistent2); do echo "$each"; done
case "$(cat /nonexistent2)" in '') echo none ;; esac
for each in $(true); do echo "$each"; done
exit 5`, { line: 8, command: 'exit 5', swallowed: [[2, 'ls /nonexistent'], [3, 'cat /nonexistent'], [5, 'ls /nonexistent2'], [6, 'cat /nonexistent2']] });
test(reports, `
set -e
f() { for each in $(cat /nonexistent | sort); do echo "$each"; done; }
f
ls /nonexistent`, { line: 4, command: 'ls /nonexistent', swallowed: [[2, 'cat /nonexistent']] });
