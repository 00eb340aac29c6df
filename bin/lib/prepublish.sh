#!/bin/sh
# Lets nobody publish by accident: the package of this name at the public registry is somebody else's. Who has a registry
# of their own names it twice, and publishes what is committed.
set -eu
cd -- "$(dirname -- "$(readlink -f -- "$0")")/../.."
# shellcheck source=bin/lib/report.sh
. bin/lib/report.sh

if [ -z "${REHEARSE_REGISTRY:-}" ] || [ "${npm_config_registry:-}" != "$REHEARSE_REGISTRY" ]; then
	die 2 'not published: `rehearse` at the public registry is another program' \
		'REHEARSE_REGISTRY=https://npm.example.org/ npm publish --registry https://npm.example.org/'
fi
[ -z "$(git status --porcelain)" ] || die 2 'not published: the checkout has changes that are not committed' 'git commit'
