set -eu
echo before
cat /nonexistent/file || true
echo "$UNSET_VARIABLE"
