/** The line that is told of a script that fails is the one that failed; and tracing changes nothing that it does. */
import test from 'ava';
import { swallowedSteps } from '../../../src/lab/trace.js';
import { runBothWays } from './both-ways.js';

interface Told {
	/** Line of the script; nothing where none may be told. */
	readonly line?: number;
	/** The command, or how it begins. */
	readonly command?: string;
	/** File and line in it, where the command is in another file. */
	readonly source?: readonly [file: string, line?: number];
	/** The script ended its trace there. */
	readonly endedAt?: number;
	/** Line and beginning of each failure that it went on behind. */
	readonly swallowed?: readonly (readonly [line: number, command: string])[];
	/** A part of what is shown of the script's output. */
	readonly output?: RegExp;
}

const text = (script: string): string[] => script.replace(/^\n/, '').trimEnd().split('\n');

const tells = test.macro({
	title: (title, script: string) => title || script.replace(/^cat >lib.sh[^]*?^LIB$/m, 'library').trim().replaceAll('\n', '; ').slice(0, 90),
	async exec(t, script: string, told: Told) {
		const { traced, plain } = await runBothWays(t, text(script));
		t.is(traced.output, plain.output);
		t.is(traced.exitCode, plain.exitCode);
		t.deepEqual(traced.files, plain.files);
		const seen = JSON.stringify({ ...traced, files: undefined }, undefined, 1);
		t.is(traced.failedLine, told.line, seen);
		if (told.command !== undefined) t.true(traced.failedCommand?.startsWith(told.command), seen);
		const { file, line } = traced.failedSource ?? {};
		t.deepEqual([file?.replace(/.*\//, ''), line], [told.source?.[0], told.source?.[1]], seen);
		t.is(traced.trace.endedAt, told.endedAt, seen);
		const wanted = told.swallowed ?? [];
		const lengthAt = (line: number | undefined): number | undefined => wanted.find(([at]) => at === line)?.[1].length;
		const swallowed = swallowedSteps(traced.trace).map(({ line: at, command }) => JSON.stringify([at, command.slice(0, lengthAt(at))]));
		t.deepEqual(swallowed.toSorted(), wanted.map((each) => JSON.stringify(each)).toSorted(), seen);
		if (told.output) t.regex(traced.output, told.output);
	},
});

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

// Pipelines and subshells.
test(tells, `
set -euo pipefail
printf '1\\n2\\n' | while read -r n; do
	if [ "$n" = 2 ]; then
		ln -s /a /nonexistent/b
	fi
done
echo ready`, { line: 4, command: 'ln' });
test(tells, `
set -euo pipefail
printf '%s\\n' a b c | while read -r kind; do
	echo "room for $kind"
	if [ "$kind" = b ]; then
		echo no
		exit 9
	fi
done
echo ready`, { line: 6, command: 'exit 9' });
test(tells, `
set -e
cat /nonexistent | while read -r account; do
	echo "account $account"
done
echo ready`, { swallowed: [[2, 'cat /nonexistent']] });
test(tells, `
set -euo pipefail
main() {
	echo begin
	cp /nonexistent here
	echo end
}
main 2>&1 | tee log
echo ready`, { line: 4, command: 'cp /nonexistent here' });
test(tells, `
set -euo pipefail
{
	echo begin
	cp /nonexistent here
	echo end
} 2>&1 | tee log`, { line: 4, command: 'cp' });
test(tells, `
set -euo pipefail
{ echo a | cat; ls /nonexistent 2>&1 | cat; echo no; } | tee log
echo ready`, { line: 2, command: 'ls /nonexistent' });
test(tells, `
set -euo pipefail
true | false | true`, { line: 2, command: 'false' });
test(tells, `
set -e
true | false | true
false | true
true | (exit 3)`, { line: 4, command: 'exit 3', swallowed: [[2, 'false'], [3, 'false']] });
test(tells, `
while read -r l; do
	echo "$l"
done < <(cat /nonexistent)
echo on`, { swallowed: [[3, 'cat /nonexistent']] });
test(tells, `
mapfile -t all < <(echo a; nosuchcommand)
echo "\${#all[@]}"`, { swallowed: [[1, 'nosuchcommand']] });
test(tells, `
set -e
x=$(echo "$(cat /nonexistent)")
echo "[$x]"`, { swallowed: [[2, 'cat /nonexistent']] });
test(tells, `
set -e
x=$(y=$(cat /nonexistent); echo "$y")
echo "[$x]"`, { swallowed: [[2, 'cat /nonexistent']] });
test(tells, `
set -e
x=$(cat "$(echo /nonexistent)")
echo "[$x]"`, { line: 2, command: 'cat /nonexistent' });
test(tells, `
set -e
x=$(cd /nonexistent && pwd)
echo "[$x]"`, { line: 2, command: 'cd /nonexistent' });
test(tells, `
set -e
( cd /; ls /nonexistent; echo on )
( cd /; set +e; ls /nonexistent; exit 4 )
echo no`, { line: 2, command: 'ls' });
test(tells, `
( ls /nonexistent; true )
( true | cat /nonexistent; exit 4 )
(exit 5) || true
exit 6`, { line: 4, command: 'exit 6', swallowed: [[1, 'ls /nonexistent'], [2, 'cat /nonexistent'], [2, 'exit 4'], [3, 'exit 5']] });
test(tells, `
set -euo pipefail
for i in 1 2; do
	echo $i | grep -q 1
done`, { line: 3, command: 'grep -q 1' });
test(tells, `
set -euo pipefail
find . -name '*' | xargs -r ls /nonexistent >/dev/null
echo no`, { line: 2, command: 'xargs' });
test(tells, `
set -euo pipefail
n=$(ls /nonexistent 2>/dev/null | wc -l)
echo no`, { line: 2, command: 'ls /nonexistent 2>/dev/null | wc -l' });
test(tells, `
set -euo pipefail
echo a | (cat; false)
echo no`, { line: 2, command: 'false' });
test(tells, `
shopt -s lastpipe
set -eo pipefail
echo a | while read -r x; do
	ls /nonexistent
done
echo no`, { line: 4, command: 'ls' });
test(tells, `
set -e
f() { true | grep -q a; }
f
echo no`, { line: 2, command: 'grep -q a' });

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
test(tells, `${library}set -eu
. ./lib.sh
put server
echo ready`, { line: 11, command: 'cp /nonexistent/server here', source: ['lib.sh', 5] });
test(tells, `${library}. ./lib.sh
set -euo pipefail
x=$(put server)
echo ready`, { line: 11, command: 'cp', source: ['lib.sh', 5] });
test(tells, `${library}. ./lib.sh
put server
put client || true
echo ready`, { swallowed: [[5, 'cp'], [5, 'cp']] });
test(tells, `${library}. ./lib.sh
set -euo pipefail
put server 2>&1 | tee log
echo ready`, { line: 11, command: 'cp', source: ['lib.sh', 5] });
test(tells, `
echo 'true
ls /nonexistent
true' >lib.sh
set -e
source ./lib.sh
echo ready`, { line: 5, command: 'ls', source: ['lib.sh', 2] });
test(tells, `
set -eu
printf '%s\\n' '# by hand' '_OLD="$PS9"' 'PS9=x' >activate
source ./activate
echo ready`, { line: 3, command: '_OLD="$PS9"', source: ['activate', 2], output: /PS9: unbound variable/ });
test(tells, `
set -e
echo 'if true; then' >broken
. ./broken
echo ready`, { line: 3, command: '. ./broken', source: ['broken', 2] });
test(tells, `
set -e
echo 'helper() { "$@"; }' >lib
. ./lib
own() { echo a; ls /nonexistent; }
helper own`, { line: 4, command: 'ls' });
test(tells, `
set -e
echo 'all() { cat /nonexistent | sort | (cat; exit 3); }' >lib
. ./lib
all`, { line: 4, source: ['lib', 1], command: 'exit 3' });

// Traps.
for (const signals of ['EXIT INT TERM', 'EXIT', '0', 'INT EXIT', 'EXIT ERR']) {
	test(`a trap of ${signals} that hands the status on`, tells, `
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
test(tells, `
set -e
trap 's=$?; echo bye; exit $s' EXIT
f() {
	ls /nonexistent
}
f`, { line: 4, command: 'ls' });
test(tells, `
set -eE
trap 'echo "line $LINENO"; exit 3' ERR
f() { ls /nonexistent; }
f
echo no`, { line: 3, command: 'ls' });
test(tells, `
trap 'echo term; exit 7' TERM
echo a
kill -TERM $$
echo no`, { line: 3, command: 'kill -TERM' });
test(tells, `
trap 'echo bye; exit 7' EXIT
echo a`, { command: 'exit 7' });
test(tells, `
trap 'echo bye' EXIT
echo a
exit 3`, { line: 3, command: 'exit 3' });
test(tells, `
set -e -o pipefail
trap 'echo bye' EXIT
echo a | (cat; exit 4) | cat
echo no`, { line: 3, command: 'exit 4' });
test(tells, `
trap 'echo "failed at $LINENO" >&2' ERR
ls /nonexistent
echo on
false
exit 2`, { line: 5, command: 'exit 2', swallowed: [[2, 'ls'], [4, 'false']] });

// What bash refuses to evaluate.
test(tells, `
set -e
cp /etc/passwd before
x=$((7.5*2))
echo after`, { swallowed: [[3, 'x=$((7.5*2))']], output: /invalid arithmetic operator/ });
test(tells, `
set -e
zero=0
echo before
echo $((1 / zero))
echo after`, { swallowed: [[4, 'echo $((1 / zero))']] });
test(tells, `
set -u
echo before
x=$(( nosuch + 1 ))
echo after`, { line: 3, command: 'x=$(( nosuch + 1 ))' });
test(tells, `
set -e
exec >log 2>&1
cp /etc/passwd before
x=$((7.5*2))
echo after`, { swallowed: [[4, 'x=$((7.5*2))']] });
test(tells, `
set -e
f() {
	echo before
	let "x = 1 / 0"
	echo after
}
f`, { line: 4, command: 'let' });
test(tells, `
set -e
trap 'echo bye' EXIT
echo before
x=$((7.5*2))
echo after`, { swallowed: [[4, 'x=$((7.5*2))']] });
test(tells, `
set -eu
trap 'echo bye' EXIT
exec >log 2>&1
echo before
x=$(( nosuch + 1 ))
echo after`, {});
test(tells, `
set -eu
echo before
for i in $nosuch; do echo $i; done`, { line: 3 });
test(tells, `
set -e
echo before
echo \${nosuch:?is not set}
echo after`, { line: 3 });
test(tells, `
set -u
echo a | while read -r l; do
	x=$((1 / 0))
done
exit \${PIPESTATUS[1]}`, { line: 5, command: 'exit' });

// What else there is.
test(tells, `
set -eE
trap 'echo "err $?"' ERR
coproc cat
echo a >&"\${COPROC[1]}"
read -r b <&"\${COPROC[0]}"
echo "$b"
case $b in a) echo one ;;& [ab]) echo two ;;& *) ls /nonexistent ;; esac`, { line: 7, command: 'ls' });
test(tells, `
if [[ abc =~ ^a(.)c$ ]]; then echo "\${BASH_REMATCH[1]}"; fi
a=(one "two words")
a+=(three)
declare -A m=([x]=1 [y]="2 3")
echo "\${#a[@]} \${m[y]}"
[[ x == y ]]
exit 4`, { line: 7, command: 'exit 4' });
test(tells, `
shopt -s expand_aliases
alias list='ls -d'
alias quiet='list /nonexistent'
if list /nonexistent 2>/dev/null; then echo yes; fi
list / || true
set -e
quiet
echo no`, { line: 7, command: 'ls -d /nonexistent' });
test(tells, `
select x in a b; do echo "$x"; break; done
printf '2\\n' >answers
select x in a b; do echo "$x"; break; done <answers
set -e
false`, { line: 5, command: 'false' });
test(tells, `
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
test(tells, `
long='${'x'.repeat(20_000)}'
set -e
echo "\${#long}"
cat "/nonexistent/\${long:0:10}" "$long"`, { line: 4, command: 'cat' });
test(tells, `
ls() { echo "shadowed $*"; command ls "$@"; }
set -e
ls /nonexistent
echo no`, { line: 1, command: 'command ls /nonexistent' });
test(tells, `
die() { echo "$*" >&2; exit 1; }
[ -e /nonexistent ] || die "nothing there"`, { line: 1, command: 'exit 1' });
test(tells, `
set -e
eval 'echo a
ls /nonexistent'`, { line: 2, command: 'ls' });
test(tells, `
set -e
ls /nonexistent &
wait $!
echo no`, { line: 3, command: 'wait' });
test(tells, `
set -e
trap -p EXIT | grep -c nothing || true
exec ls /nonexistent`, { line: 3, command: 'exec ls' });
test(tells, `
x=$(exit 3)
[ $? -eq 3 ] && echo three
set -e
y=$(</nonexistent)
echo no`, { line: 4 });

// Other languages tell themselves.
test('Python', tells, `
#!/usr/bin/python3
import json
def load(name):
	return json.loads(name)
def main():
	load("{")
main()`, { line: 4, command: 'return json.loads(name)', output: /Traceback[^]*JSONDecodeError: .*\n$/ });
test('Python that is no Python', tells, `
#!/usr/bin/env python3
print("a")
if True
	pass`, { line: 3, command: 'if True' });
test('Python that exits', tells, `
#!/usr/bin/python3
raise SystemExit(3)`, {});
test('Perl', tells, `
#!/usr/bin/perl
sub f {
	die "no such thing";
}
f();`, { line: 3 });

/** A script that is no plain text runs byte for byte. */
const runsUnchanged = test.macro(async (t, bytes: string, files: Readonly<Record<string, string>>, output?: string) => {
	const { traced, plain } = await runBothWays(t, Buffer.from(bytes, 'latin1'));
	t.deepEqual(traced.files, plain.files);
	const written = Object.entries<string>(traced.files).map(([name, told]) => [name, told.slice(told.indexOf(' ') + 1)] as const);
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
