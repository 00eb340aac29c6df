# shellcheck shell=sh
# Two parts of the set-up at once: what npm installs and what apt installs do not need each other.

# besides PART FUNCTION…: does a part of the set-up in a process of its own while the functions run here, and waits for
# both. Each prints what it does in whole lines. Where both fail, the exit status is that of the part. When this is
# interrupted, the part ends too.
besides() {
	part=$1
	shift
	# In a session of its own, so that all that it has started can be ended. A shell's background jobs ignore Ctrl-C. The
	# functions stay with the terminal, which sudo may have been given leave for.
	setsid "$root/bin/setup" "$part" </dev/null &
	beside=$!
	trap 'kill -- "-$beside" 2>/dev/null; exit 130' INT
	trap 'kill -- "-$beside" 2>/dev/null; exit 143' TERM HUP
	set +e
	# They may exit. Not followed by ||, or else what fails within them would not end them.
	(
		trap - INT TERM HUP
		set -e
		for step; do
			"$step"
		done
	)
	status=$?
	wait "$beside"
	beside_status=$?
	set -e
	trap - INT TERM HUP
	[ "$beside_status" = 0 ] || exit "$beside_status"
	[ "$status" = 0 ] || exit "$status"
}
