/** Options that decide what a failure is: scripts set them in many spellings, and in subshells and functions of their own. */
import test from 'ava';
import { reports } from './reported.js';

for (const setting of ['set -ueo pipefail', 'set -e -u -o pipefail', 'set -eou pipefail', 'set -o pipefail -eu', 'set +e +o pipefail -e -o pipefail', 'shopt -so pipefail errexit', 'builtin set -euo pipefail']) {
	test(reports, `
${setting}
mkdir d
cat /nonexistent | sort`, { line: 3, command: 'cat /nonexistent' });
}
for (const setting of ['set +o pipefail', 'set +uo pipefail', 'shopt -u -o pipefail', 'set -o pipefail +o pipefail']) {
	test(reports, `
set -euo pipefail
${setting}
cat /nonexistent | sort
shopt -o pipefail || true
exit 3`, { line: 5, command: 'exit 3', swallowed: [[3, 'cat /nonexistent'], [4, 'shopt -o pipefail']] });
}

// Of a subshell, and of a function that keeps those of the script.
test(reports, `
set -euo pipefail
n=$(set +o pipefail; yes | head -3 | wc -l)
echo "$n"
cat /nonexistent | sort`, { line: 4, command: 'cat /nonexistent' });
test(reports, `
set -euo pipefail
( set +o pipefail; cat /nonexistent | sort )
true | (set +o pipefail; :) | cat /nonexistent | sort`, { line: 3, command: 'cat /nonexistent' });
test(reports, `
set -e
( set -o pipefail; true )
cat /nonexistent | sort
exit 3`, { line: 4, command: 'exit 3', swallowed: [[3, 'cat /nonexistent']] });
for (const end of ['cat /nonexistent | sort', 'x=$(cat /nonexistent | sort)', '(cat /nonexistent | sort)', 'if true; then cat /nonexistent | sort; fi']) {
	test(`a function that keeps the options of the script, and ${end}`, reports, `
set -euo pipefail
count() {
	local - n
	set +o pipefail
	yes | head -3 | wc -l
}
count
${end}`, { line: 8, command: 'cat /nonexistent' });
}
test(reports, `
set -eu
check() {
	local -
	set -o pipefail
	cat /nonexistent | sort
}
cat /nonexistent | sort
check
echo no`, { line: 5, command: 'cat /nonexistent', swallowed: [[7, 'cat /nonexistent']] });
