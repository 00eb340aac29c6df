#!/bin/bash
set -eE
trap 'echo "failed: $BASH_COMMAND"' ERR
outer() {
	inner() {
		[ "$1" -lt 3 ] || return 7
		echo "level $1"
		inner $(($1 + 1))
	}
	inner 1
}
outer
