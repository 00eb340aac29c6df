#!/bin/bash
set -euo pipefail
{ set +x; } 2>/dev/null
password=$(printf 'not so secret' | sha256sum | cut -c1-16)
umask 077
printf 'DB_PASSWORD=%s\n' "$password" >credentials
chmod 600 credentials
{ set -x; } 2>/dev/null
echo "written" >state
test -s state
