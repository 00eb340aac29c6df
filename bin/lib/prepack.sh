#!/bin/sh
# Makes dist/bin what a package may hold: built from the sources as they are, with the licences of all packages that the
# build has joined in, and without what earlier builds have left there for labs that are kept running.
set -eu
cd -- "$(dirname -- "$(readlink -f -- "$0")")/../.."

bin/setup build
bin/lib/compile.sh --metafile=dist/bin/.metafile.json
node bin/lib/list-joined.js dist/bin/.metafile.json
