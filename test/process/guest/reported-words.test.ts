/** What bash refuses to evaluate, and what else its scripts are made of. */
import test from 'ava';
import { reports } from './reported.js';

// What bash refuses to evaluate.
test(reports, `
set -e
cp /etc/passwd before
x=$((7.5*2))
echo after`, { swallowed: [[3, 'x=$((7.5*2))']], output: /invalid arithmetic operator/ });
test(reports, `
set -e
zero=0
echo before
echo $((1 / zero))
echo after`, { swallowed: [[4, 'echo $((1 / zero))']] });
test(reports, `
set -u
echo before
x=$(( nosuch + 1 ))
echo after`, { line: 3, command: 'x=$(( nosuch + 1 ))' });
test(reports, `
set -e
exec >log 2>&1
cp /etc/passwd before
x=$((7.5*2))
echo after`, { swallowed: [[4, 'x=$((7.5*2))']] });
test(reports, `
set -e
f() {
	echo before
	let "x = 1 / 0"
	echo after
}
f`, { line: 4, command: 'let' });
test(reports, `
set -e
trap 'echo bye' EXIT
echo before
x=$((7.5*2))
echo after`, { swallowed: [[4, 'x=$((7.5*2))']] });
test(reports, `
set -eu
trap 'echo bye' EXIT
exec >log 2>&1
echo before
x=$(( nosuch + 1 ))
echo after`, {});
test(reports, `
set -eu
echo before
for i in $nosuch; do echo $i; done`, { line: 3 });
test(reports, `
set -e
echo before
echo \${nosuch:?is not set}
echo after`, { line: 3 });
test(reports, `
set -u
echo a | while read -r l; do
	x=$((1 / 0))
done
exit \${PIPESTATUS[1]}`, { line: 5, command: 'exit' });

// What else there is.
test(reports, `
set -eE
trap 'echo "err $?"' ERR
coproc cat
echo a >&"\${COPROC[1]}"
read -r b <&"\${COPROC[0]}"
echo "$b"
case $b in a) echo one ;;& [ab]) echo two ;;& *) ls /nonexistent ;; esac`, { line: 7, command: 'ls' });
test(reports, `
if [[ abc =~ ^a(.)c$ ]]; then echo "\${BASH_REMATCH[1]}"; fi
a=(one "two words")
a+=(three)
declare -A m=([x]=1 [y]="2 3")
echo "\${#a[@]} \${m[y]}"
[[ x == y ]]
exit 4`, { line: 7, command: 'exit 4' });
test(reports, `
shopt -s expand_aliases
alias list='ls -d'
alias quiet='list /nonexistent'
if list /nonexistent 2>/dev/null; then echo yes; fi
list / || true
set -e
quiet
echo no`, { line: 7, command: 'ls -d /nonexistent' });
test(reports, `
select x in a b; do echo "$x"; break; done
printf '2\\n' >answers
select x in a b; do echo "$x"; break; done <answers
set -e
false`, { line: 5, command: 'false' });
test(reports, `
write() {
	cat >out <<EOF
value $(echo within)
EOF
	cat out
	cat <<'EOF' >>/nonexistent/x
no
EOF
}
set -e
write`, { line: 6, command: 'cat' });
test(reports, `
long='${'x'.repeat(20_000)}'
set -e
echo "\${#long}"
cat "/nonexistent/\${long:0:10}" "$long"`, { line: 4, command: 'cat' });
test(reports, `
ls() { echo "shadowed $*"; command ls "$@"; }
set -e
ls /nonexistent
echo no`, { line: 1, command: 'command ls /nonexistent' });
test(reports, `
die() { echo "$*" >&2; exit 1; }
[ -e /nonexistent ] || die "nothing there"`, { line: 1, command: 'exit 1' });
test(reports, `
set -e
eval 'echo a
ls /nonexistent'`, { line: 2, command: 'ls' });
test(reports, `
set -e
ls /nonexistent &
wait $!
echo no`, { line: 3, command: 'wait' });
test(reports, `
set -e
trap -p EXIT | grep -c nothing || true
exec ls /nonexistent`, { line: 3, command: 'exec ls' });
test(reports, `
x=$(exit 3)
[ $? -eq 3 ] && echo three
set -e
y=$(</nonexistent)
echo no`, { line: 4 });

test(reports, `
set -u
exec >log 2>&1
echo before
echo "$nosuch"
echo after`, { line: 4, command: 'echo "$nosuch"' });
test(reports, `
set -e
set +x
echo "a" >/nonexistent/a
echo b`, { line: 3, command: 'echo "a"' });

// What a command of sh(1) writes is none of its words, though the script has the same two words on two lines.
test(reports, `
#!/bin/sh
set -e
printf 'mkdir x\\n' >list
cat list
mkdir d
printf '%s\\n' "one
two" three
ls /nonexistent`, { line: 8, command: 'ls', output: /^mkdir x\none\ntwo\nthree\nls: / });
