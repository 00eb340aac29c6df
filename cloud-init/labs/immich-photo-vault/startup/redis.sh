#!/bin/bash
# Startup of redis: Redis open to the lab network, and a metrics stub on port 9121.
# Runs as root, needs no network, and may run again at any time.
IFACE=$(ip route show default | awk '{print $5; exit}')
ip link set "$IFACE" up || true
ip addr add 10.71.0.40/24 dev "$IFACE" || true
set -euo pipefail

# Protected mode would refuse every client but local ones, as the lab's Redis has no password.
cat >/etc/redis/immich.conf <<'EOF'
bind 127.0.0.1 10.71.0.40
protected-mode no
EOF
include='include /etc/redis/immich.conf'
grep -qxF "$include" /etc/redis/redis.conf || echo "$include" >>/etc/redis/redis.conf

# At the next boot Redis starts before anything has added the alias: let it bind an address that is yet to come.
echo 'net.ipv4.ip_nonlocal_bind = 1' >/etc/sysctl.d/60-redis-alias.conf

cat >/usr/local/lib/redis-compat.py <<'EOF'
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
            self.answer('200 OK', 'redis_compat_up 1\n')
        elif request:
            self.answer('404 Not Found', 'not found\n')

    def answer(self, status, body):
        head = [f'HTTP/1.0 {status}', 'Content-Type: text/plain; version=0.0.4', f'Content-Length: {len(body)}']
        self.wfile.write('\r\n'.join([*head, '', body]).encode())


class Server(ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


server = Server(('0.0.0.0', 9121), Handler)
with socket(AF_UNIX, SOCK_DGRAM) as systemd:
    systemd.sendto(b'READY=1', os.environ['NOTIFY_SOCKET'])
server.serve_forever()
EOF

cat >/etc/systemd/system/redis-compat.service <<'EOF'
[Unit]
Description=Metrics stub of Redis

[Service]
Type=notify
User=ops
ExecStart=/usr/bin/python3 /usr/local/lib/redis-compat.py
Restart=on-failure

[Install]
WantedBy=multi-user.target
EOF

# A startup script runs at the first boot; from then on this unit adds the alias.
cat >/etc/systemd/system/lab-alias.service <<'EOF'
[Unit]
Description=Lab address of redis
Wants=network-online.target
After=network-online.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh -c 'ip route show default | { read -r _ _ _ _ dev _; ip addr replace 10.71.0.40/24 dev "$$dev"; }'
Restart=on-failure
RestartSec=2

[Install]
WantedBy=multi-user.target
EOF

# Redis has run since its package was installed, and takes these settings while it runs: a restart takes seconds on a slow
# machine. A server that is down reads them as it starts.
redis-cli -e config set bind '127.0.0.1 10.71.0.40' protected-mode no >/dev/null || systemctl restart redis-server

# systemd has to read its units again only when it knows the older one; that takes it seconds on a slow machine, and so
# does enabling a service that has an init script too. restart, unlike start, takes up a changed stub as well; it waits
# until the stub listens (Type=notify).
systemctl is-active --quiet redis-compat && systemctl daemon-reload
systemctl restart redis-compat
systemctl is-enabled --quiet redis-server || systemctl enable redis-server
systemctl enable --quiet --no-reload redis-compat lab-alias
