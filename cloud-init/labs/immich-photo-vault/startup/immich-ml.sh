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
"""Answers as a machine-learning worker would, without a model."""
import json
import os
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer

JSON = 'application/json'
PAGES = {
    '/ping': (JSON, '{"status":"ok"}'),
    '/metrics': ('text/plain; version=0.0.4', 'immich_ml_compat_up 1\n'),
}


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path in PAGES:
            self.answer(200, *PAGES[self.path])
        else:
            self.answer(404, 'text/plain', 'not found\n')

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get('Content-Length') or 0))
        if self.path != '/predict':
            return self.answer(404, 'text/plain', 'not found\n')
        try:
            json.loads(body)
        except ValueError:
            return self.answer(400, JSON, '{"error":"the body is not JSON"}')
        self.answer(200, JSON, '{"prediction":"compat-stub","confidence":0.0}')

    def answer(self, status, content_type, text):
        body = text.encode()
        self.send_response(status)
        self.send_header('Content-Type', content_type)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


class Server(ThreadingTCPServer):
    # Not http.server.HTTPServer: it looks its own name up in the DNS before it listens.
    allow_reuse_address = True
    daemon_threads = True


Server(('0.0.0.0', int(os.environ['MACHINE_LEARNING_PORT'])), Handler).serve_forever()
EOF

cat >/etc/systemd/system/immich-ml-compat.service <<'EOF'
[Unit]
Description=Stub of the Immich machine-learning worker

[Service]
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
# restart, unlike start, takes up a changed stub as well.
systemctl is-active --quiet immich-ml-compat && systemctl daemon-reload
systemctl enable --quiet --no-reload immich-ml-compat lab-alias
systemctl restart immich-ml-compat
