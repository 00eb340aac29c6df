#!/bin/bash
set -e
rm() { echo "rm $*" >>log; command rm "$@"; }
cd() { builtin cd "$@" && pwd -P | sed 's|.*/||' >>"$OLDPWD/log"; }
touch x
rm x
mkdir d
cd d
rm nosuchfile
