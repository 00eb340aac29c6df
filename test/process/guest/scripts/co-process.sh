#!/bin/bash
coproc UPPER { while read -r l; do echo "${l^^}"; done; }
echo hello >&"${UPPER[1]}"
read -r answer <&"${UPPER[0]}"
exec {UPPER[1]}>&-
wait "$UPPER_PID" 2>/dev/null
echo "$answer"
