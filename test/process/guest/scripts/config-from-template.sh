#!/bin/bash
set -euo pipefail
export HOST=db.example PORT=5432
cat >template <<'EOF'
host=${HOST}
port=${PORT}
keep=$literal
EOF
render() {
	local content
	content=$(<"$1")
	content=${content//'${HOST}'/$HOST}
	content=${content//'${PORT}'/$PORT}
	printf '%s\n' "$content"
}
render template >config
diff template config | grep -c '^[<>]' || true
cmp -s template config
