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
