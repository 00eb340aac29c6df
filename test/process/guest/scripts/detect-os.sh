#!/bin/bash
# The distribution is read from files, with fallbacks.
set -e
cat >os-release <<'EOF'
ID=debian
VERSION_ID="13"
VERSION_CODENAME=trixie
EOF
detect() {
	if [ -e lsb-release ]; then
		. ./lsb-release
	elif [ -e os-release ]; then
		. ./os-release
		os=$ID dist=${VERSION_CODENAME:-$VERSION_ID}
	else
		os=unknown
	fi
}
detect
echo "$os/$dist" | tr '[:upper:]' '[:lower:]' | tee detected
