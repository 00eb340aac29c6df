# shellcheck shell=sh
# Node, the npm packages and the build of the checkout in $root.

node_needed=20.19

# Whether $root is a checkout. An installed package was built before it was packed, and has no sources of TypeScript.
is_checkout() {
	[ -e "$root/tsconfig.json" ]
}

# require_checkout PART: of the set-up.
require_checkout() {
	is_checkout || die 2 "bin/setup $1: $root is an installed package, which is built already" 'bin/setup system'
}

# version_at_least VERSION MAJOR.MINOR, with or without a leading v.
version_at_least() {
	have=${1#v}
	case $have in
	*.*) have_minor=${have#*.} ;;
	*) have_minor=0 ;;
	esac
	have_minor=${have_minor%%[!0-9]*}
	have_major=${have%%.*}
	case $have_major in
	'' | *[!0-9]*) return 1 ;;
	esac
	[ "$have_major" -gt "${2%.*}" ] || { [ "$have_major" -eq "${2%.*}" ] && [ "${have_minor:-0}" -ge "${2#*.}" ]; }
}

require_node() {
	command -v node >/dev/null 2>&1 ||
		die 3 "Node.js was not found; rehearse needs $node_needed or newer" 'install Node.js 20 LTS or newer with npm'
	node_version=$(node --version 2>/dev/null) || node_version=unknown
	version_at_least "$node_version" "$node_needed" ||
		die 3 "Node.js is $node_version ($(command -v node)); rehearse needs $node_needed or newer" \
			'install a newer Node.js, or put it first on PATH'
}

# shellcheck disable=SC3013 # -nt is in dash, bash and busybox, and in POSIX since 2024
# npm writes its hidden lock file last, so it tells when the installation was complete.
packages_are_current() {
	[ -e "$root/node_modules/.package-lock.json" ] &&
		! [ "$root/package-lock.json" -nt "$root/node_modules/.package-lock.json" ]
}

# Directories count too: a source that was deleted or renamed changes the time of its folder. So do the packages, most of
# which the build joins in.
build_is_current() {
	[ -e "$root/dist/.stamp" ] && [ -e "$root/dist/bin/main.js" ] &&
		[ -z "$(find "$root/src" "$root/tsconfig.json" "$root/bin/lib/compile.sh" \
			"$root/node_modules/.package-lock.json" -newer "$root/dist/.stamp" -print -quit)" ]
}

install_packages() {
	! packages_are_current || return 0
	command -v npm >/dev/null 2>&1 ||
		die 3 'npm was not found' 'install npm; beside the nodejs of Debian it is a package of its own'
	say 'installing npm packages (npm ci)'
	# No package that is used needs its install script: ssh2's would only compile an optional speed-up. The packages of
	# the build are wanted even under NODE_ENV=production.
	(cd "$root" && logged npm ci --include=dev --ignore-scripts --no-audit --no-fund --no-update-notifier) ||
		die 3 'npm ci failed' "cd $root && npm ci"
}

build() {
	! build_is_current || return 0
	[ -e "$root/node_modules/.bin/tsc" ] ||
		die 3 'the TypeScript compiler is not among the npm packages' "cd $root && npm ci --include=dev"
	say 'building (tsc)'
	# The stamp bears the time before the build, so that a source saved meanwhile counts as newer.
	: >"$root/dist/.stamp.new"
	logged "$root/bin/lib/compile.sh" || die 4 'the build failed' "cd $root && npm run build"
	mv "$root/dist/.stamp.new" "$root/dist/.stamp"
}

# with_lock FUNCTION…: calls the functions while no other set-up works in this checkout.
with_lock() {
	if ! [ -w "$root" ]; then
		if ! [ -e "$root/dist/bin/main.js" ] || ! [ -e "$root/node_modules/.package-lock.json" ]; then
			die 3 "$root is not built and cannot be written to" "as its owner: $root/bin/setup build"
		fi
		say "$root cannot be written to: going on with the older build that is there"
		return 0
	fi
	for place in dist node_modules; do
		! [ -e "$root/$place" ] || [ -w "$root/$place" ] ||
			die 3 "$root/$place cannot be written to: it is somebody else's" "sudo chown -R $(id -un) $root/dist $root/node_modules"
	done
	mkdir -p "$root/dist"
	(
		flock --nonblock 9 || {
			say 'waiting for another set-up in this checkout'
			flock 9
		}
		for step; do
			"$step"
		done
	) 9>"$root/dist/.lock"
}
