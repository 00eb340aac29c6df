#!/bin/bash
set -euo pipefail
IFACE=$(ip route show default | awk '{print $5; exit}')
ip link set "$IFACE" up || true
ip addr add 10.82.0.20/24 dev "$IFACE" || true
systemctl stop postgresql@17-main
rm -rf /var/lib/postgresql/17/main
export PGPASSWORD=replicator
until runuser -u postgres -- pg_basebackup -h 10.82.0.10 -U replicator -D /var/lib/postgresql/17/main -R 2>/dev/null; do
	rm -rf /var/lib/postgresql/17/main
	sleep 1
done
systemctl start postgresql@17-main
