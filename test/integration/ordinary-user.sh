#!/usr/bin/env bash
# Acceptance: rehearses a lab as an ordinary user, without root and without sudo. No test of `npm test`, since it needs
# root to become somebody else, and somebody to become:
#
#   useradd --create-home somebody
#   bin/setup system somebody            # subordinate ids, /dev/net/tun
#   test/integration/ordinary-user.sh somebody [LAB]
#
# Images that root has built are copied for that user; others are built. The user's home directory is left as it is.
# Exit status: that of the rehearsal, whose result goes to stdout.
set -euo pipefail

user=${1:?the name of an ordinary user is missing}
lab=${2:-immich-photo-vault}
[[ ! -e $lab ]] || lab=$(realpath -- "$lab")
root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd -P)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/rehearse

[[ $(id -u) == 0 ]] || { echo 'this needs root, to become another user' >&2; exit 3; }
[[ $(id -u "$user") != 0 ]] || { echo "$user is no ordinary user" >&2; exit 2; }
! runuser -u "$user" -- sudo -n true 2>/dev/null || { echo "$user may use sudo, which proves nothing" >&2; exit 2; }

home=$(mktemp --directory)
trap 'rm -rf "$home"' EXIT
mkdir -p "$home/.cache/rehearse"
[[ ! -d $cache/images ]] || cp -a --reflink=auto --sparse=always "$cache/images" "$home/.cache/rehearse/"
chown -R "$user:" "$home"

cd /
runuser -u "$user" -- env -i HOME="$home" PATH=/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin \
	node "$root/dist/bin/main.js" run --json -- "$lab"
