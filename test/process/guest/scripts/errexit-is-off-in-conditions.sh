#!/bin/bash
set -e
check() {
	false
	echo "still here"
}
if check; then echo yes; fi
check || echo no
check && echo both
! check
echo "end"
