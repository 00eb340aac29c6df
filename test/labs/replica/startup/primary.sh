#!/bin/bash
set -euo pipefail
IFACE=$(ip route show default | awk '{print $5; exit}')
ip link set "$IFACE" up || true
ip addr add 10.82.0.10/24 dev "$IFACE" || true
cluster=/etc/postgresql/17/main
echo "listen_addresses = '*'" >"$cluster/conf.d/lab.conf"
echo 'host replication replicator 10.82.0.0/24 scram-sha-256' >>"$cluster/pg_hba.conf"
systemctl restart postgresql@17-main
runuser -u postgres -- psql -v ON_ERROR_STOP=1 <<'SQL'
CREATE ROLE replicator LOGIN REPLICATION PASSWORD 'replicator';
CREATE TABLE photos AS SELECT generate_series(1, 3) AS id;
SQL
