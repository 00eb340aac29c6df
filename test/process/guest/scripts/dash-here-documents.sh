#!/bin/sh
set -e
name='my app'
cat >conf <<EOF
[main]
name = $name
path = \$PATH
list = $(for i in 1 2; do printf '%s,' "$i"; done)
EOF
cat >>conf <<-'EOF'
	indented $name
	EOF
sort conf >sorted
