#!/bin/sh
(cd / && pwd) >root
x=$(cd / && ls -d etc) || exit 3
echo "$x"
for file in a b c; do echo "$file"; done | while read -r line; do echo "[$line]"; done
false || { echo "as expected"; }
exit 4
