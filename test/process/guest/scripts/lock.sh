#!/bin/bash
set -e
exec 9>lock
flock -n 9 || { echo "already running"; exit 1; }
( exec 9>&-; exec 8>lock; flock -n 8 && echo free || echo held )
echo working >&2
