#!/bin/bash
# Startup of immich-server: its settings, its directories and a stub of its HTTP API on port 2283.
# Runs as root, needs no network, and may run again at any time.
IFACE=$(ip route show default | awk '{print $5; exit}')
ip link set "$IFACE" up || true
ip addr add 10.71.0.10/24 dev "$IFACE" || true
set -euo pipefail

install -d /etc/immich
install -d -m 0750 -o ops -g ops /var/lib/immich/{upload,library,thumbs}

cat >/etc/immich/server.env <<'EOF'
IMMICH_PORT=2283
DB_HOSTNAME=10.71.0.30
DB_PORT=5432
DB_USERNAME=immich
DB_DATABASE_NAME=immich
REDIS_HOSTNAME=10.71.0.40
IMMICH_MACHINE_LEARNING_URL=http://10.71.0.20:3003
EOF

cat >/usr/local/lib/immich-server-compat.py <<'EOF'
"""Answers the few requests by which an Immich server is known to be up.

Not with http.server, whose imports (mail, TLS, archives) take an emulated machine longer than all the rest.
"""
import os
from socket import AF_UNIX, SOCK_DGRAM, socket
from socketserver import StreamRequestHandler, ThreadingTCPServer

PAGES = {
    '/api/server-info/ping': ('application/json', '{"res":"pong"}'),
    '/api/server-info/version': ('application/json', '{"major":1,"minor":0,"patch":0,"flavor":"compat"}'),
    '/metrics': ('text/plain; version=0.0.4', 'immich_server_compat_up 1\n'),
}


class Handler(StreamRequestHandler):
    def handle(self):
        method, path, *_ = self.rfile.readline().decode('latin-1').split() + ['', '']
        while self.rfile.readline().strip():
            pass  # headers, of which none matters
        if method == 'GET':
            self.answer('200 OK' if path in PAGES else '404 Not Found', *PAGES.get(path, ('text/plain', 'not found\n')))
        elif method:
            self.answer('501 Not Implemented', 'text/plain', 'only GET\n')

    def answer(self, status, content_type, body):
        head = [f'HTTP/1.0 {status}', f'Content-Type: {content_type}', f'Content-Length: {len(body)}']
        self.wfile.write('\r\n'.join([*head, '', body]).encode())


class Server(ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


server = Server(('0.0.0.0', int(os.environ['IMMICH_PORT'])), Handler)
with socket(AF_UNIX, SOCK_DGRAM) as systemd:
    systemd.sendto(b'READY=1', os.environ['NOTIFY_SOCKET'])
server.serve_forever()
EOF

cat >/etc/systemd/system/immich-server-compat.service <<'EOF'
[Unit]
Description=Stub of the Immich server

[Service]
Type=notify
User=ops
EnvironmentFile=/etc/immich/server.env
ExecStart=/usr/bin/python3 /usr/local/lib/immich-server-compat.py
Restart=on-failure

[Install]
WantedBy=multi-user.target
EOF

# A startup script runs at the first boot; from then on this unit adds the alias.
cat >/etc/systemd/system/lab-alias.service <<'EOF'
[Unit]
Description=Lab address of immich-server
Wants=network-online.target
After=network-online.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh -c 'ip route show default | { read -r _ _ _ _ dev _; ip addr replace 10.71.0.10/24 dev "$$dev"; }'
Restart=on-failure
RestartSec=2

[Install]
WantedBy=multi-user.target
EOF

# systemd has to read its units again only when it knows the older one; that takes it seconds on a slow machine.
# restart, unlike start, takes up a changed stub as well; it waits until the stub listens (Type=notify).
systemctl is-active --quiet immich-server-compat && systemctl daemon-reload
systemctl restart immich-server-compat
systemctl enable --quiet --no-reload immich-server-compat lab-alias
