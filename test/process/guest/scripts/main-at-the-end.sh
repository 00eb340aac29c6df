#!/usr/bin/env bash
set -euo pipefail
log() { printf '==> %s\n' "$*"; }
fail() { log "$*" >&2; exit 1; }
need() { command -v "$1" >/dev/null 2>&1 || fail "$1 is needed"; }
main() {
	need sed
	need tar
	mkdir -p dist
	echo data >dist/file
	tar -cf dist.tar --owner=0 --group=0 --mtime=@0 dist
	tar -tf dist.tar | sort >list
	need surely-not-there
}
main "$@"
