#!/bin/bash
set -e
cat >server <<'EOF'
#!/bin/sh
echo "serving $*"; exit 5
EOF
chmod +x server
trap 'echo "not run"' EXIT
exec ./server --port 80
