#!/bin/bash
# Startup of server: its alias, and one page on port 8080.
IFACE=$(ip route show default | awk '{print $5; exit}')
ip link set "$IFACE" up || true
ip addr add 10.73.0.10/24 dev "$IFACE" || true
set -euo pipefail

install -d -m 0750 -o ops -g ops /srv/pages
echo "the pair's page" >/srv/pages/index.html
chmod 0640 /srv/pages/index.html
chown ops:ops /srv/pages/index.html

cat >/etc/systemd/system/pages.service <<'UNIT'
[Unit]
Description=Pages of the pair

[Service]
User=ops
ExecStart=/usr/bin/python3 -m http.server --directory /srv/pages 8080

[Install]
WantedBy=multi-user.target
UNIT
systemctl enable --now pages
