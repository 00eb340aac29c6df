#!/bin/bash
set -u
text=$'tab\there\nnew "line" and \'quotes\''
printf '%q\n' "$text" >quoted
eval "again=$(cat quoted)"
[ "$again" = "$text" ] && echo same
echo "a  b   c" | { read -r x y; echo "$y|$x"; }
printf '%s\n' "it's" 'a "b"' c\ d >words
