#!/bin/bash
set -euo pipefail
mkdir work
cleanup() {
	code=$?
	rm -rf work
	echo "cleaned up, code $code"
}
trap cleanup EXIT
trap 'echo "error at line $LINENO"' ERR
echo a >work/a
grep -q b work/a
