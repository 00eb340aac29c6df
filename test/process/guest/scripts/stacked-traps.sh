#!/bin/bash
add_trap() {
	local new=$1 signal=$2 old
	old=$(trap -p "$signal" | awk -F"'" '/one|two/ {print $2}')
	trap -- "${old:+$old; }$new" "$signal"
}
add_trap 'echo one' EXIT
add_trap 'echo two' EXIT
echo body
