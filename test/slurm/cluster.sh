#!/bin/sh
# A Slurm for tests: a controller, which people submit from, and two hosts, each with network, mounts and a name of its own.
#
#   unshare --net --mount --uts --pid --fork --mount-proc --kill-child test/slurm/cluster.sh DIRECTORY USER-ID
#
# Root starts it, in namespaces that go with it: nothing of it is in the network of the machine, and what it starts ends with
# it. It writes DIRECTORY/ready when both hosts take jobs, and stays until its standard input ends. All of them see DIRECTORY,
# but each host has a cache and a /var/tmp of its own. USER-ID is that of the user `ann`, whose home is DIRECTORY/home.
set -eu

directory=$1 user_id=$2
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
export PATH SLURM_CONF="$directory/slurm.conf"

# start_host NAME ADDRESS: a slurmd in a network, mounts and a name of its own; its first process is in DIRECTORY/NAME.pid.
start_host() {
	name=$1 address=$2
	mkdir -p "$directory/$name/cache" "$directory/$name/tmp" "$directory/$name/spool"
	chown "$user_id:$user_id" "$directory/$name/cache"
	chmod 1777 "$directory/$name/tmp"
	# shellcheck disable=SC2016 # for the other shell
	unshare --net --mount --uts sh -euc '
		directory=$1 name=$2
		echo $$ >"$directory/$name.pid"
		hostname "$name"
		mount -t tmpfs tmpfs /run
		mount --bind "$directory/$name/cache" "$directory/home/.cache"
		mount --bind "$directory/$name/tmp" /var/tmp
		until [ -e "$directory/$name.up" ]; do sleep 0.1; done
		mkdir -p /run/munge
		munged --force --foreground --key-file="$directory/munge.key" --log-file="$directory/$name/munge.log" \
			--pid-file=/run/munge/munged.pid --seed-file=/run/munge/seed --socket=/run/munge/munge.socket.2 &
		until [ -S /run/munge/munge.socket.2 ]; do sleep 0.1; done
		exec slurmd -D -N "$name"
	' sh "$directory" "$name" >"$directory/$name.log" 2>&1 &
	until [ -s "$directory/$name.pid" ]; do sleep 0.1; done
	pid=$(cat "$directory/$name.pid")
	ip link add "to-$name" type veth peer name eth0 netns "$pid"
	ip link set "to-$name" master lab up
	nsenter --target "$pid" --net sh -euc 'ip link set lo up; ip link set eth0 up; ip address add "$1" dev eth0' sh "$address/24"
	: >"$directory/$name.up"
}

mount --make-rprivate /
hostname login
mount -t tmpfs tmpfs /run
for file in passwd group hosts subuid subgid; do
	mount --bind "$directory/etc/$file" "/etc/$file"
done
# In a container the device is often root's alone; an ordinary machine lets everybody use it.
if mknod "$directory/tun" c 10 200 2>/dev/null && chmod 666 "$directory/tun"; then
	mount --bind "$directory/tun" /dev/net/tun
fi
ip link set lo up
ip link add lab type bridge
ip link set lab up
ip address add 10.71.0.1/24 dev lab

mkdir -p /run/munge "$directory/state" "$directory/login"
dd if=/dev/urandom of="$directory/munge.key" bs=128 count=1 2>/dev/null
chmod 600 "$directory/munge.key"
munged --force --foreground --key-file="$directory/munge.key" --log-file="$directory/login/munge.log" \
	--pid-file=/run/munge/munged.pid --seed-file=/run/munge/seed --socket=/run/munge/munge.socket.2 &
until [ -S /run/munge/munge.socket.2 ]; do sleep 0.1; done

start_host one 10.71.0.11
start_host two 10.71.0.12
slurmctld -D >"$directory/login.log" 2>&1 &

until [ "$(sinfo --noheader --Node --format=%T 2>/dev/null | grep -cx idle)" = 2 ]; do sleep 0.2; done
: >"$directory/ready"
cat >/dev/null
