#!/bin/bash
set -euo pipefail
printf '%s\n' delta alpha charlie bravo alpha |
	sort |
	uniq -c |
	awk '{ print $2 "=" $1 }' |
	tee counts |
	while IFS== read -r name count; do
		[ "$count" -eq 1 ] || echo "$name twice"
	done
first=$(sort counts | head -n 1 | cut -d= -f1)
echo "$first"
grep -o 'x' counts | wc -l | xargs test 1 -eq
