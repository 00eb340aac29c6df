#!/bin/sh
# Installs packages in the root directory $1, as mmdebstrap does it (its run_install): with the apt of the host, whose dpkg
# runs in there.
set -eu
root=$1
shift
echo 'I: installing the packages that the layer lacks...' >&2
APT_CONFIG="$MMDEBSTRAP_APT_CONFIG" TMPDIR="$root/tmp" apt-get --yes -o Dir::Bin::dpkg=env -o DPkg::Options::=--unset=TMPDIR \
	-o DPkg::Options::=dpkg -o DPkg::Chroot-Directory="$root" -o DPkg::Use-Pty=false install "$@" </dev/null
# What apt calls before it installs (dpkg-preconfigure) leaves it; a build from nothing has no debconf yet to be asked.
rm -rf "$root/var/cache/debconf/tmp.ci"
