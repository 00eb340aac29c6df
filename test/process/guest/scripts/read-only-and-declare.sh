#!/bin/bash
readonly VERSION=1.0
declare -ri PORT=8080
declare -l lower=ABC
f() { local -r inner=$1; declare -g outer=$inner; }
f value
echo "$VERSION $PORT $lower $outer"
VERSION=2.0
echo "status $?"
