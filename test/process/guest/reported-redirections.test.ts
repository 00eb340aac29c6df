/** Redirections that cannot be opened, of what bash does not trace: no other command is blamed for them. */
import test from 'ava';
import { reports } from './reported.js';

const missing = '/nonexistent/x';

for (const [what, ending] of [
	[`{ echo a; echo b; } > ${missing}`, 0], [`{\n\techo a\n\techo b\n} > ${missing}`, 3], [`> ${missing}`, 0], [`while read -r line; do\n\techo "$line"\ndone < ${missing}`, 2],
	[`if true; then\n\techo a\nfi > ${missing}`, 2], [`case a in\na) echo a ;;\nesac > ${missing}`, 2], [`for i in a b; do\n\techo "$i"\ndone >> ${missing}`, 2],
	[`( echo a ) > ${missing}`, 0], [`(\n\tset -C\n\techo a\n) > ${missing}`, 3], [`[[ -n a ]] > ${missing}`, 0], ['{ echo a; } > .', 0], ['{ echo a; } > "$NOTHING"', 0], ['{ echo a; } >&7', 0],
	[`set -C; { echo a; } > file`, 0],
] as const) {
	test(`${what}, which bash cannot open`, reports, `
set -e
mkdir -p a
touch file
${what}
echo no`, { line: 4 + ending });
	test(`${what}, as the last command`, reports, `
mkdir -p a
touch file
${what}`, { line: 3 + ending });
	test(`${what}, in a function`, reports, `
work() {
	set -e
	mkdir -p a
	touch file
	${what}
	echo no
}
work`, what.startsWith('>') || what.startsWith('( ') || what.startsWith('(\n') || what.startsWith('[[') ? { line: 5 + ending } : { line: 8 + what.split('\n').length - 1, command: 'work' });
}
for (const what of [`( echo a ) > ${missing}`, `{ echo a; } > ${missing}`]) {
	for (const line of [what, `if ${what}; then echo no; fi`, `${what} || true`]) {
		test(`${line}: behind it the script goes on`, reports, `
mkdir -p a
${line}
cat ${missing}
exit 3`, { line: 4, command: 'exit 3', swallowed: [[3, 'cat']] });
	}
}

// Here the command is the one.
for (const what of [`mkdir \\\n\t-p \\\n\ta > ${missing}`, `eval "touch x\ntouch y > ${missing}"`, `cat > ${missing} <<E\na\nE`, `x=\$(\n\tcat < ${missing}\n)`]) {
	test(`${what}: a command`, reports, `
set -e
touch x
${what}
echo no`, { line: what.startsWith('x=') ? 5 : 3, command: what.startsWith('eval') ? 'touch y' : what.startsWith('x=') ? 'cat' : what.slice(0, 3) });
}
test(reports, `
set -e
work() {
	echo a
} > ${missing}
mkdir -p a
work`, { line: 6, command: 'work' });
test(reports, `
echo 'mkdir -p a; { echo a; } > ${missing}' >part
set -e
. ./part
echo no`, { line: 3, source: ['part', 1] });
