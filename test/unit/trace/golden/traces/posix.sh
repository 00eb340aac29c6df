#!/bin/sh
# What dash traces.
IFACE=$(echo eth0 | tr a-z A-Z)
ls /nonexistent 2>/dev/null || true
f() { echo "in f"; false; }
f
text=$(printf 'two\nlines\n')
echo "$text"
printf '%s\n' 'literal
lines'
false || echo 'it failed'
set -e
cp /nonexistent/from here
echo never
