#!/bin/bash
set -euo pipefail
diff <(printf 'a\nb\n') <(printf 'a\nc\n') >difference || true
mapfile -t lines < <(sed -n 's/^[<>] //p' difference)
printf '%s;' "${lines[@]}"
paste -d, <(seq 3) <(seq 4 6) >pasted
tee >(wc -l >count) <pasted >/dev/null
sleep 0.1
