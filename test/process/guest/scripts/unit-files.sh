#!/bin/bash
set -e
mkdir -p etc/systemd/system bin
printf '#!/bin/sh\necho "systemctl $*" >>calls\n' >bin/systemctl
chmod +x bin/systemctl
export PATH="$PWD/bin:$PATH"
for name in web worker; do
cat >etc/systemd/system/$name.service <<EOF
[Unit]
Description=$name of \$HOME
[Service]
ExecStart=/bin/sh -c 'sleep 1; echo "$name"'
EOF
done
systemctl daemon-reload
systemctl enable --now web.service worker.service
if ! systemctl is-active --quiet web; then echo inactive; fi
