#!/bin/bash
set -euo pipefail
version_ge() { [ "$(printf '%s\n' "$1" "$2" | sort -V | head -n1)" = "$2" ]; }
for pair in '1.10 1.9' '2.0 2.0' '1.2 1.3'; do
	read -r a b <<<"$pair"
	if version_ge "$a" "$b"; then echo "$a >= $b"; else echo "$a < $b"; fi
done >compared
version_ge 1.2 1.3
