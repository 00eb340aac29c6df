#!/bin/bash
set -euo pipefail
mkdir lib
cat >lib/common.sh <<'EOF'
_log() { echo "[${FUNCNAME[1]}:${BASH_LINENO[0]}] $*"; }
install_config() {
	_log "config $1"
	cp "$1" etc/
}
return 0
echo "never read"
EOF
source "$(dirname lib/common.sh)/common.sh"
mkdir etc
echo x >app.conf
install_config app.conf
install_config missing.conf
