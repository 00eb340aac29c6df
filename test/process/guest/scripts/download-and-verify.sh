#!/bin/bash
set -euo pipefail
curl() { echo "payload of ${*: -1}"; }
fetch() {
	local url=$1 to=$2
	curl -fsSL "$url" >"$to.part"
	mv "$to.part" "$to"
}
fetch https://example.org/tool.tgz tool
echo "0000000000000000000000000000000000000000000000000000000000000000  tool" >sums
sha256sum --check --quiet sums
echo installed
