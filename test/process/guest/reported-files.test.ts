/** Failures in sourced files, and traps that hand a status on. */
import test from 'ava';
import { reports } from './reported.js';

// Other files.
const library = `
cat >lib.sh <<'LIB'
# shared

put() {
	echo "put $1"
	cp "/nonexistent/$1" here
}
LIB
`;
test(reports, `${library}set -eu
. ./lib.sh
put server
echo ready`, { line: 11, command: 'cp /nonexistent/server here', source: ['lib.sh', 5] });
test(reports, `${library}. ./lib.sh
set -euo pipefail
x=$(put server)
echo ready`, { line: 11, command: 'cp', source: ['lib.sh', 5] });
test(reports, `${library}. ./lib.sh
put server
put client || true
echo ready`, { swallowed: [[5, 'cp'], [5, 'cp']] });
test(reports, `${library}. ./lib.sh
set -euo pipefail
put server 2>&1 | tee log
echo ready`, { line: 11, command: 'cp', source: ['lib.sh', 5] });
test(reports, `
echo 'true
ls /nonexistent
true' >lib.sh
set -e
source ./lib.sh
echo ready`, { line: 5, command: 'ls', source: ['lib.sh', 2] });
test(reports, `
set -eu
printf '%s\\n' '# by hand' '_OLD="$PS9"' 'PS9=x' >activate
source ./activate
echo ready`, { line: 3, command: '_OLD="$PS9"', source: ['activate', 2], output: /PS9: unbound variable/ });
test(reports, `
set -e
echo 'if true; then' >broken
. ./broken
echo ready`, { line: 3, command: '. ./broken', source: ['broken', 2] });
test(reports, `
set -e
echo 'helper() { "$@"; }' >lib
. ./lib
own() { echo a; ls /nonexistent; }
helper own`, { line: 4, command: 'ls' });
test(reports, `
set -e
echo 'all() { cat /nonexistent | sort | (cat; exit 3); }' >lib
. ./lib
all`, { line: 4, source: ['lib', 1], command: 'exit 3' });

// Traps.
for (const signals of ['EXIT INT TERM', 'EXIT', '0', 'INT EXIT', 'EXIT ERR']) {
	test(`a trap of ${signals} that hands the status on`, reports, `
set -eu
work=$(mktemp -d)
finish() {
	local status=$?
	rm -rf "$work"
	echo "left with $status"
	exit "$status"
}
trap finish ${signals}
echo a >"$work/b"
grep -q media "$work/b"
echo no`, { line: 11, command: 'grep -q media' });
}
test(reports, `
set -e
trap 's=$?; echo bye; exit $s' EXIT
f() {
	ls /nonexistent
}
f`, { line: 4, command: 'ls' });
test(reports, `
set -eE
trap 'echo "line $LINENO"; exit 3' ERR
f() { ls /nonexistent; }
f
echo no`, { line: 3, command: 'ls' });
test(reports, `
trap 'echo term; exit 7' TERM
echo a
kill -TERM $$
echo no`, { line: 3, command: 'kill -TERM' });
test(reports, `
trap 'echo bye; exit 7' EXIT
echo a`, { command: 'exit 7' });
test(reports, `
trap 'echo bye' EXIT
echo a
exit 3`, { line: 3, command: 'exit 3' });
test(reports, `
set -e -o pipefail
trap 'echo bye' EXIT
echo a | (cat; exit 4) | cat
echo no`, { line: 3, command: 'exit 4' });
test(reports, `
trap 'echo "failed at $LINENO" >&2' ERR
ls /nonexistent
echo on
false
exit 2`, { line: 5, command: 'exit 2', swallowed: [[2, 'ls'], [4, 'false']] });
test(reports, `
set -eE
trap 'echo "ERR in \${FUNCNAME[0]:-main}" >&2' ERR
get() { cat /nonexistent; }
v=$(get)
echo no`, { line: 3, command: 'cat /nonexistent' });
test(reports, `
set -eE
trap 'say "failed in \${FUNCNAME[0]}"' ERR
say() { echo "$1"; }
inner() { ls /nonexistent; }
outer() { inner; }
( outer )`, { line: 4, command: 'ls /nonexistent' });
test(reports, `
set -E
trap 'echo "ERR $LINENO"' ERR
inner() { ls /nonexistent; }
outer() { inner; }
outer
v=$(outer)
echo on
exit 3`, { line: 8, command: 'exit 3', swallowed: [[3, 'ls /nonexistent'], [3, 'ls /nonexistent']] });

// A directory of the same name as that of the scripts.
test(reports, `
mkdir startup
printf 'touch a\\n\\n\\ncp /nonexistent/a b\\n' >startup/common.sh
set -e
. "$PWD/startup/common.sh"
echo no`, { line: 4, command: 'cp', source: ['common.sh', 4] });
test(reports, `
mkdir startup
printf 'touch a\\n\\n\\necho "$NOTHING"\\n' >startup/common.sh
set -eu
. "$PWD/startup/common.sh"
echo no`, { line: 4, source: ['common.sh', 4] });
test(reports, `
#!/usr/bin/python3
import os, sys
os.mkdir("startup")
open("startup/common.py", "w").write("def work():\\n\\traise OSError(3)\\n")
sys.path.insert(0, os.path.abspath("startup"))
sys.dont_write_bytecode = True
import common
common.work()`, { line: 8 });
