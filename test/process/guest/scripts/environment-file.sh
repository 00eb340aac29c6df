#!/bin/bash
set -a
cat >env <<'EOF'
APP_HOME=/srv/app
APP_MODE="two words"
EOF
. ./env
set +a
env | grep '^APP_' | sort >seen
bash -c 'echo "$APP_MODE"' >child
env -i bash -c 'env | grep -v -e "^_=" -e "^PWD=" -e "^SHLVL="' >clean
