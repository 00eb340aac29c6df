#!/bin/sh
set -eu
have() { command -v "$1" >/dev/null 2>&1; }
arch=$(echo x86_64)
case $arch in
x86_64 | amd64) arch=amd64 ;;
aarch64) arch=arm64 ;;
*) echo "no build for $arch" >&2; exit 1 ;;
esac
have sed && echo "$arch" | sed 's/^/arch: /' >arch
[ -z "${NOSUCH-}" ]
: "${VERSION:=1.2.3}"
echo "$VERSION" >version
cp version /nonexistent/dir/
