#!/bin/sh
# Lets nobody publish by accident: the package of this name at the public registry is somebody else's. Who has a registry
# of their own names it, and publishes what is committed.
set -eu
cd -- "$(dirname -- "$(readlink -f -- "$0")")/../.."
# shellcheck source=bin/lib/report.sh
. bin/lib/report.sh

case ${npm_config_registry:-} in
'' | *//npm.example.com*)
	die 2 'not published: `rehearse` at the public registry is another program' 'npm publish --registry https://npm.example.org/'
	;;
esac
[ -z "$(git status --porcelain)" ] || die 2 'not published: the checkout has changes that are not committed' 'git commit'
