# shellcheck shell=sh
# The messages of the launcher and the set-up, all on stderr: stdout belongs to the program.

inform() {
	printf 'rehearse: %s\n' "$*" >&2
}

# die STATUS MESSAGE [HINT]: exit statuses are the program's, 3 where the host lacks something.
die() {
	inform "$2"
	[ -z "${3:-}" ] || printf '  → %s\n' "$3" >&2
	exit "$1"
}

# logged COMMAND…: runs a verbose command in silence; its output is shown only if it fails. A file keeps it, because a
# pipe would stay open for as long as any daemon does that a package's installation restarts.
logged() {
	(
		log=$(mktemp)
		trap 'rm -f "$log"' EXIT
		trap 'exit 130' INT
		trap 'exit 143' TERM HUP
		"$@" </dev/null >"$log" 2>&1 && exit 0 || status=$?
		tail -n 25 "$log" | sed 's/^/  | /' >&2
		exit "$status"
	)
}
