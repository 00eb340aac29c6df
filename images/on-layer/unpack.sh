#!/bin/sh
# Makes an image's root directory $1 of a layer: a directory $2 with layer.tar, and essential-status, which is dpkg's status
# before anything but Debian's essential packages was installed. It runs as a hook of mmdebstrap before anything else is
# there. $3 has packages by their SHA-256, $4 is the suite, $5 are all packages of the image, $6 those that the layer lacks.
# It fails, with a line that Node looks for, where the layer would not make the same image as a build from nothing.
set -eu
root=$1 layer=$2 known=$3 suite=$4 all=$5 more=$6

refuse() {
	echo "E: the layer is $1: $2" >&2
	exit 1
}

# Where packages come from, and how apt gets there, is as today, and not as it was when the layer was made.
tar --extract --file="$layer/layer.tar" --directory="$root" --numeric-owner --xattrs --xattrs-include='*' --exclude='./dev/*' \
	--exclude=./etc/apt/sources.list --exclude='./etc/apt/sources.list.d/*' --exclude=./etc/apt/apt.conf.d/99mmdebstrap

export APT_CONFIG="$MMDEBSTRAP_APT_CONFIG" TMPDIR="$root/tmp"
# Where the mirror cannot be reached, the lists of the layer do, if they are of this mirror.
if ! apt-get update --error-on=any >"$root/tmp/update" 2>&1; then
	if [ -z "$(apt-get indextargets)" ]; then
		cat "$root/tmp/update" >&2
		exit 1
	fi
	echo 'I: installing from the package lists of the layer...' >&2
fi
rm "$root/tmp/update"

# What apt would install and, with a minus, remove. Where it cannot, it fails, and what apt says of that is in the log.
simulate() {
	apt-get --simulate --yes "$@" >"$root/tmp/simulated" 2>&1 || {
		cat "$root/tmp/simulated" >&2
		return 1
	}
	sed -n 's/^Inst \([^ ]*\) .*/\1/p; s/^Remv \([^ ]*\) .*/-\1/p' "$root/tmp/simulated" | LC_ALL=C sort
	rm "$root/tmp/simulated"
}

newer=$(simulate dist-upgrade)
[ -z "$newer" ] || refuse outdated "$(echo $newer)"

[ -n "$more" ] || exit 0

# The same packages as mmdebstrap would install on the essential ones (its run_install).
required="?narrow(?or(?archive(^$suite\$),?codename(^$suite\$)),?architecture($(dpkg --print-architecture)),?and(?priority(required),?not(?essential)))"
wanted=$(simulate -o Dir::State::Status="$layer/essential-status" -o Dir::Cache::pkgcache= install $all "$required")
# What can be installed from nothing can be here, unless the mirror is behind the layer.
added=$(simulate install $more) || refuse unfit 'what it lacks does not go with what it has'
names() { sed -n 's/^Package: //p' "$1" | LC_ALL=C sort; }
names "$layer/essential-status" >"$root/tmp/essential"
got=$({ names "$root/var/lib/dpkg/status" | LC_ALL=C comm -23 - "$root/tmp/essential"; [ -z "$added" ] || echo "$added"; } | LC_ALL=C sort)
rm "$root/tmp/essential"
[ "$got" = "$wanted" ] || refuse unfit "$(printf '%s\n' "$got" "$wanted" | LC_ALL=C sort | uniq -u | tr '\n' ' ')"

# What apt would download, for what it has already: it takes a file by its size, so that nothing may get there but what has
# the digest of the index.
mkdir -p "$root/var/cache/apt/archives/partial"
apt-get --yes --print-uris -o Acquire::ForceHash=SHA256 install $more |
	sed -n "s/^'[^']*' \([^ /]*\) [0-9]* SHA256:\([0-9a-f]*\)\$/\2 \1/p" |
	while read -r digest name; do
		[ ! -f "$known/$digest.deb" ] || cp "$known/$digest.deb" "$root/var/cache/apt/archives/$name"
	done
