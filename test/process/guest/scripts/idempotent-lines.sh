#!/bin/bash
set -euo pipefail
touch hosts
ensure_line() {
	local file=$1 line=$2
	grep -qxF "$line" "$file" || echo "$line" >>"$file"
}
ensure_line hosts '10.0.0.1 db'
ensure_line hosts '10.0.0.2 web'
ensure_line hosts '10.0.0.1 db'
sed -i -e 's/^10\.0\.0\.2 .*/10.0.0.3 web/' -e '/^$/d' hosts
wc -l <hosts
