#!/bin/bash
set -eo pipefail
yes | head -n 2 >two || echo "pipe status $?"
set +o pipefail
seq 100000 | head -n 1
{ echo a; sleep 0.05; echo b; } | { read -r x; echo "got $x"; }
