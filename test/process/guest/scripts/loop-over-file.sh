#!/bin/bash
set -eu
printf 'a:1\n# comment\n\nb:2\nlast:3' >list
while IFS=: read -r key value || [ -n "$key" ]; do
	case $key in '' | \#*) continue ;; esac
	echo "$key -> $value"
done <list >pairs
while read -r -u 3 line; do
	[ "$line" != "b:2" ] || break
done 3<list
echo "$line"
