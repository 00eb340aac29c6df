#!/bin/bash
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
echo "${here##*/}" "${0##*/}" "$#" "$LINENO"
if [[ ${BASH_SOURCE[0]} == "$0" ]]; then echo "run, not sourced"; fi
caller 0 || echo "no caller"
