#!/bin/bash
set -euo pipefail
printf '%s\n' sda sdb sdc | while read -r disk; do
	echo "preparing $disk"
	[ "$disk" != sdb ] || { echo "no $disk" >&2; exit 11; }
done
echo never
