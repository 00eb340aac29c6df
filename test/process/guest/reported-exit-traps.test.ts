/** What a trap for EXIT runs is not what the script failed with, however the trap begins. */
import test from 'ava';
import { reports } from './reported.js';

const actions = [
	`'[ -z "$tmp" ] || rm -rf "$tmp"'`, `'[ $? -eq 0 ] || echo bad'`, `'if [ -d "$tmp" ]; then rm -r "$tmp"; fi'`, `'$SUDO rm -rf "$tmp"'`, `'"$PWD/undo"'`, `'"./$tmp"; rm -rf "$tmp"'`,
	`'kill $(jobs -p) 2>/dev/null'`, `'now=$(date +%Y); echo over'`, `'rm -rf "$tmp" | cat'`, `'(rm -rf "$tmp")'`, `'if $SUDO [ -d x ]; then :; fi'`, `'{ rm -rf "$tmp"; } 2>/dev/null'`,
	`'(exit 4) || rm -rf "$tmp"'`,
];

for (const set of ['trap', 'builtin trap', 'command trap --']) {
	for (const action of set === 'trap' ? actions : actions.slice(0, 2)) {
		test(`${set} ${action}`, reports, `
set -e
SUDO=env tmp=d
mkdir "$tmp"
printf '#!/bin/sh\\nrm x\\n' >undo
chmod +x undo
${set} ${action} EXIT
touch x
cat /nonexistent
echo no`, { line: 8, command: 'cat' });
	}
}
test('a trap of a subshell', reports, `
set -e
( trap '[ ! -e x ] || rm x' EXIT
touch x
cat /nonexistent )
echo no`, { line: 4, command: 'cat' });
test('a trap behind which the script has another status', reports, `
trap 'x=$(exit 3) || exit 4' EXIT
touch x`, { command: 'exit 4' });
test('a substitution that is no trap', reports, `
trap '[ -z "$x" ] || exit 0' EXIT
x=$([ -z a ] || echo a)
cat /nonexistent
exit 3`, { swallowed: [[3, 'cat /nonexistent']] });

// The record of the trap is not sent.
for (const failing of ['install /nonexistent/conf x', '(touch y; install /nonexistent/conf x)', 'true | install /nonexistent/conf x']) {
	for (const action of [`'rm -f x'`, `'[ ! -e x ] || rm x'`, '"rm -f x"']) {
		test(`${action} with much output before ${failing}`, reports, `
set -euo pipefail
trap ${action} EXIT
seq 1 40000
${failing}`, { line: 4, command: 'install' });
	}
}
