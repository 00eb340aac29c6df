#!/bin/bash
# What the shell traces of each kind of command.
true; echo $(false)
false; x=$(true)
if false; then echo no; fi
! false
true
true | false | true
f() {
  false
  g
  return 3
}
g() { ls /nonexistent; }
f || :
g || true
set -u
( exit 4 )
{ sleep 0.1; exit 3; } &
: beside
wait $!
echo a \
  b
cat <<EOT
here is $(echo within)
EOT
for i in 1 2; do [ $i = 2 ] && echo two; done
case $i in 1) ;; *) (( 0 )) ;; esac
while ! [[ $i == 9 ]]; do i=9; done
IFS=
true | false
unset IFS
m='a
b'
[[ $m == x ]]
y=1 z=2 env | grep -c nothing-like-it
local_() { local q=$(false); : local; }
local_
eval 'false
: eval'
printf 'no end of line'
diff <(echo a) <(echo b)
echo 'false' >part; . ./part; rm part
trap 'echo "err $?"' ERR
trap 'echo bye' EXIT
echo x >/nonexistent/file
nosuch
set -e
ls /nonexistent | cat
value=$(cat /nonexistent/value | wc -l; exit 5)
echo never
