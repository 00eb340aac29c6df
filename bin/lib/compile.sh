#!/bin/sh
# Compiles the sources into dist, and joins the programs among them with the modules and the npm packages that they import
# into the files of dist/bin, which are what is started: node finds and reads some dozens of files then instead of hundreds,
# and whoever installs the package installs no other. What is only loaded where it is needed has files of its own.
# Arguments go to esbuild.
set -eu
cd -- "$(dirname -- "$(readlink -f -- "$0")")/../.."

# The compiler trusts its notes on what it wrote last, even when that is gone.
[ -e dist/src/cli/main.js ] || rm -f dist/.tsbuildinfo
node_modules/.bin/tsc -p tsconfig.json
# What was compiled from a source that is gone would still run, as a test for instance.
find dist/src dist/test -name '*.js' 2>/dev/null | while IFS= read -r file; do
	source=${file#dist/}
	[ -e "${source%.js}.ts" ] || [ -e "${source%.js}.tsx" ] || rm -f -- "$file"
done

# A lab that is kept running may still have to read what the last build left, which counts from now on.
if [ -e dist/bin/.built ]; then
	find dist/bin -name '*.js' -newer dist/bin/.built -exec touch {} +
fi
mkdir -p dist/bin
: >dist/bin/.built
# The native parts of the SSH library are external: they would only make it faster, and it does without those that are missing.
# What a package of the older kind requires of node itself needs a `require`, which a module has not, and some want to know
# their directory.
require='import { createRequire as requireFor } from "node:module"; const require = requireFor(import.meta.url), directoryOfThis = import.meta.dirname;'
node_modules/.bin/esbuild dist/src/cli/main.js dist/src/cli/lab-daemon.js dist/src/cli/supervisor.js --outdir=dist/bin \
	--bundle --splitting --platform=node --format=esm --target=node20.19 --banner:js="$require" --log-level=warning \
	--define:__dirname=directoryOfThis --external:cpu-features '--external:*.node' "$@"
# Hardly one still needs what went out of use a month ago.
find dist/bin -name '*.js' -mtime +30 -exec rm -f {} +
