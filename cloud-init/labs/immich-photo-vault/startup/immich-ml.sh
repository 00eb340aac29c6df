#!/bin/bash
# Startup of immich-ml: its settings, its directories and a stub of the inference API on port 3003.
# Runs as root, needs no network, and may run again at any time.
IFACE=$(ip route show default | awk '{print $5; exit}')
ip link set "$IFACE" up || true
ip addr add 10.71.0.20/24 dev "$IFACE" || true
set -euo pipefail

install -d /etc/immich
install -d -m 0750 -o ops -g ops /var/lib/immich-ml/{cache,models}

cat >/etc/immich/ml.env <<'EOF'
MACHINE_LEARNING_PORT=3003
MACHINE_LEARNING_CACHE_FOLDER=/var/lib/immich-ml/cache
EOF

cat >/root/immich-ml-notes.md <<'EOF'
# Before real inference

This node runs a stub: `POST /predict` gives the same answer to everything. At deployment time it needs

- model weights for CLIP (search) and for face recognition, in `/var/lib/immich-ml/models`
- CUDA, or an ONNX runtime vectorised for this CPU
EOF

cat >/usr/local/lib/immich-ml-compat.py <<'EOF'
"""Answers as a machine-learning worker would, without a model.

Not with http.server, whose imports (mail, TLS, archives) take an emulated machine longer than all the rest.
"""
import os
from socket import AF_UNIX, SOCK_DGRAM, socket
from socketserver import StreamRequestHandler, ThreadingTCPServer

JSON = 'application/json'
PAGES = {
    '/ping': (JSON, '{"status":"ok"}'),
    '/metrics': ('text/plain; version=0.0.4', 'immich_ml_compat_up 1\n'),
}


class Handler(StreamRequestHandler):
    def handle(self):
        method, path, *_ = self.rfile.readline().decode('latin-1').split() + ['', '']
        length = 0
        while header := self.rfile.readline().strip().lower():
            if header.startswith(b'content-length:'):
                length = int(header.partition(b':')[2])
        if method == 'GET' and path in PAGES:
            self.answer('200 OK', *PAGES[path])
        elif method == 'POST' and path == '/predict':
            self.predict(self.rfile.read(length))
        elif method:
            self.answer('404 Not Found', 'text/plain', 'not found\n')

    def predict(self, body):
        import json  # only when it is needed, for the same reason
        try:
            json.loads(body)
        except ValueError:
            self.answer('400 Bad Request', JSON, '{"error":"the body is not JSON"}')
        else:
            self.answer('200 OK', JSON, '{"prediction":"compat-stub","confidence":0.0}')

    def answer(self, status, content_type, body):
        head = [f'HTTP/1.0 {status}', f'Content-Type: {content_type}', f'Content-Length: {len(body)}']
        self.wfile.write('\r\n'.join([*head, '', body]).encode())


class Server(ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


server = Server(('0.0.0.0', int(os.environ['MACHINE_LEARNING_PORT'])), Handler)
with socket(AF_UNIX, SOCK_DGRAM) as systemd:
    systemd.sendto(b'READY=1', os.environ['NOTIFY_SOCKET'])
server.serve_forever()
EOF

cat >/etc/systemd/system/immich-ml-compat.service <<'EOF'
[Unit]
Description=Stub of the Immich machine-learning worker

[Service]
Type=notify
User=ops
EnvironmentFile=/etc/immich/ml.env
ExecStart=/usr/bin/python3 /usr/local/lib/immich-ml-compat.py
Restart=on-failure

[Install]
WantedBy=multi-user.target
EOF

# A startup script runs at the first boot; from then on this unit adds the alias.
cat >/etc/systemd/system/lab-alias.service <<'EOF'
[Unit]
Description=Lab address of immich-ml
Wants=network-online.target
After=network-online.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh -c 'ip route show default | { read -r _ _ _ _ dev _; ip addr replace 10.71.0.20/24 dev "$$dev"; }'
Restart=on-failure
RestartSec=2

[Install]
WantedBy=multi-user.target
EOF

# systemd has to read its units again only when it knows the older one; that takes it seconds on a slow machine.
# restart, unlike start, takes up a changed stub as well; it waits until the stub listens (Type=notify).
systemctl is-active --quiet immich-ml-compat && systemctl daemon-reload
systemctl restart immich-ml-compat
systemctl enable --quiet --no-reload immich-ml-compat lab-alias
