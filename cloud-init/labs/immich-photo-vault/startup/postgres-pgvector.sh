#!/bin/bash
# Startup of postgres-pgvector: PostgreSQL open to the lab network, Immich's role and database, the SQL that prepares
# vector search at deployment time, and a metrics stub on port 9187.
# Runs as root, needs no network, and may run again at any time.
IFACE=$(ip route show default | awk '{print $5; exit}')
ip link set "$IFACE" up || true
ip addr add 10.71.0.30/24 dev "$IFACE" || true
set -euo pipefail

cat >/root/immich-pgvector-bootstrap.sql <<'EOF'
-- For the database immich, once the extension's binaries are installed.
CREATE EXTENSION IF NOT EXISTS vectors;

CREATE TABLE IF NOT EXISTS embeddings (id BIGSERIAL PRIMARY KEY, asset_id UUID, embedding VECTOR(512));
EOF

cat >/usr/local/lib/pg-compat.py <<'EOF'
"""Answers /metrics the way a Prometheus exporter does.

Not with http.server, whose imports (mail, TLS, archives) take an emulated machine longer than all the rest.
"""
import os
from socket import AF_UNIX, SOCK_DGRAM, socket
from socketserver import StreamRequestHandler, ThreadingTCPServer


class Handler(StreamRequestHandler):
    def handle(self):
        request = self.rfile.readline().split()
        while self.rfile.readline().strip():
            pass  # headers, of which none matters
        if request[:2] == [b'GET', b'/metrics']:
            self.answer('200 OK', 'pg_compat_up 1\n')
        elif request:
            self.answer('404 Not Found', 'not found\n')

    def answer(self, status, body):
        head = [f'HTTP/1.0 {status}', 'Content-Type: text/plain; version=0.0.4', f'Content-Length: {len(body)}']
        self.wfile.write('\r\n'.join([*head, '', body]).encode())


class Server(ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


server = Server(('0.0.0.0', 9187), Handler)
with socket(AF_UNIX, SOCK_DGRAM) as systemd:
    systemd.sendto(b'READY=1', os.environ['NOTIFY_SOCKET'])
server.serve_forever()
EOF

cat >/etc/systemd/system/pg-compat.service <<'EOF'
[Unit]
Description=Metrics stub of PostgreSQL

[Service]
Type=notify
User=ops
ExecStart=/usr/bin/python3 /usr/local/lib/pg-compat.py
Restart=on-failure

[Install]
WantedBy=multi-user.target
EOF

# The one cluster that Debian's package made, of whatever version.
cd /etc/postgresql/*/main
cat >conf.d/immich.conf <<'EOF'
listen_addresses = '*'
port = 5432
EOF
access='host immich immich 10.71.0.0/24 md5'
grep -qxF "$access" pg_hba.conf || echo "$access" >>pg_hba.conf

# A startup script runs at the first boot; from then on this unit adds the alias.
cat >/etc/systemd/system/lab-alias.service <<'EOF'
[Unit]
Description=Lab address of postgres-pgvector
Wants=network-online.target
After=network-online.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh -c 'ip route show default | { read -r _ _ _ _ dev _; ip addr replace 10.71.0.30/24 dev "$$dev"; }'
Restart=on-failure
RestartSec=2

[Install]
WantedBy=multi-user.target
EOF

# systemd has to read its units again only when it knows the older one; that takes it seconds on a slow machine.
# restart, unlike start, takes up changed settings as well; it waits until the stub listens (Type=notify).
systemctl is-active --quiet pg-compat && systemctl daemon-reload
systemctl restart pg-compat postgresql
systemctl enable --quiet --no-reload pg-compat lab-alias

# Best effort: the lab proves that the port answers; the database is a convenience.
runuser -u postgres -- /usr/lib/postgresql/*/bin/psql --quiet <<'EOF' || echo 'role and database immich were not set up' >&2
\set ON_ERROR_STOP on
SELECT 'CREATE ROLE immich' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'immich') \gexec
ALTER ROLE immich LOGIN PASSWORD 'immich';
SELECT 'CREATE DATABASE immich OWNER immich' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'immich') \gexec
EOF
