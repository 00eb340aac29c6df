#!/bin/bash
export PS4='+(${BASH_SOURCE##*/}:${LINENO}): ${FUNCNAME[0]:+${FUNCNAME[0]}(): }'
set -ex
f() {
	echo "in f"
	mkdir -p dir
}
f
ls -d /nonexistent/dir
echo never
