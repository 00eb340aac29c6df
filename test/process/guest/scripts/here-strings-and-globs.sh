#!/bin/bash
set -f
IFS=, read -ra parts <<<"one,two,*"
printf '<%s>' "${parts[@]}"; echo
set +f
touch 1.conf 2.conf '[x] y'
for f in *.conf; do mv "$f" "${f%.conf}.bak"; done
ls -1 | tr '\n' ' '
shopt -s extglob dotglob
echo !(*.bak)
