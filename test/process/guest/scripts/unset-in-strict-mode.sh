#!/bin/bash
set -euo pipefail
echo "${OPTIONAL:-default}" >value
echo "${REQUIRED_BUT_MISSING}"
echo never
