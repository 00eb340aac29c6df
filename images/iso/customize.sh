#!/bin/sh
# Runs once the packages of an ISO's base layer are installed, as root of mmdebstrap's user namespace: $1 is the root
# directory, $2 the directory for what the host needs of it. Unlike images/customize.sh it tunes nothing: what the ISO
# boots is what Debian's packages make, less what belongs to one machine or to one moment.
set -eu
root=$1
out=$2

# It boots one kernel, and cannot know which of several is meant: a recipe may have one among its packages, beside the other.
set -- "$root"/boot/vmlinuz-*
if [ $# != 1 ] || [ -L "$1" ] || [ ! -f "$1" ]; then
	echo "E: not one kernel but:$(cd "$root/boot" && for kernel in vmlinuz-*; do printf ' %s' "${kernel#vmlinuz-}"; done)" >&2
	exit 1
fi

mkdir -p "$out/accounts" "$out/skel" "$out/units"

# The moment of everything: when the youngest package was made. It follows from the packages alone, and no file of a package
# is younger, so nothing that remembers the time of another (such as Python's compiled files) is made to disagree.
epoch=$(find "$root/usr/share/doc" -name 'changelog*' -printf '%T@\n' | sort -n | tail -n 1)
epoch=${epoch%.*}
echo "$epoch" >"$out/epoch"
export SOURCE_DATE_EPOCH="$epoch"

# What finds and reads a live medium, whatever `most` modules are. INITRD=No kept the packages from making one each time.
printf '%s\n' ahci sd_mod sr_mod isofs squashfs overlay loop >>"$root/etc/initramfs-tools/modules"
for kernel in "$root"/boot/vmlinuz-*; do
	chroot "$root" update-initramfs -c -k "${kernel##*/vmlinuz-}"
done
# GRUB reads both from the medium.
mv "$root"/boot/vmlinuz-* "$out/vmlinuz"
mv "$root"/boot/initrd.img-* "$out/initrd.img"
rm -f "$root/vmlinuz" "$root/vmlinuz.old" "$root/initrd.img" "$root/initrd.img.old"

# Identities belong to one boot of one node. An empty machine-id is filled at each boot (machine-id(5)).
# Neither do the mirror, the proxy and the name servers of the host that built it.
: >"$root/etc/machine-id"
rm -f "$root"/etc/ssh/ssh_host_* "$root/etc/hostname" "$root/etc/resolv.conf"
ln -s ../run/systemd/resolve/stub-resolv.conf "$root/etc/resolv.conf"
rm -f "$root/etc/.resolv.conf.systemd-resolved.bak" "$root/etc/apt/apt.conf.d/99mmdebstrap" "$root/etc/apt/preferences.d/99pinned"
# Nor does the mirror that it was built from: where a node finds packages is for its deployment to decide.
: >"$root/etc/apt/sources.list"
rm -f "$root"/etc/apt/sources.list.d/*
# Debian's unit makes host keys at a first boot alone, by the machine-id. Those of a live medium are gone after every boot.
if [ -e "$root/usr/lib/systemd/system/sshd-keygen.service" ]; then
	mkdir -p "$root/etc/systemd/system/sshd-keygen.service.d"
	printf '[Unit]\nConditionFirstBoot=\n' >"$root/etc/systemd/system/sshd-keygen.service.d/live.conf"
elif [ -e "$root/usr/sbin/sshd" ]; then
	# Debian 12 has no such unit: its package makes the keys while it is installed, and without any sshd does not start.
	mkdir -p "$root/etc/systemd/system/ssh.service.wants"
	cat >"$root/etc/systemd/system/sshd-keygen.service" <<-'END'
		[Unit]
		Description=OpenSSH server keys of this boot
		Before=ssh.service

		[Service]
		Type=oneshot
		RemainAfterExit=yes
		ExecStart=/usr/bin/ssh-keygen -A
	END
	ln -s ../sshd-keygen.service "$root/etc/systemd/system/ssh.service.wants/sshd-keygen.service"
	# Where ssh.socket listens, each login has an sshd of its own.
	mkdir -p "$root/etc/systemd/system/ssh@.service.d"
	printf '[Unit]\nWants=sshd-keygen.service\nAfter=sshd-keygen.service\n' >"$root/etc/systemd/system/ssh@.service.d/keys.conf"
fi

# Debian enables neither by itself; the node's layer has the configuration.
chroot "$root" systemctl enable --quiet systemd-networkd.service systemd-resolved.service

# The dates that show when the packages were installed.
sed -i -E "s/^([^:]*:[^:]*:)[0-9]+:/\1$((epoch / 86400)):/" "$root/etc/shadow"
rm -f "$root/etc/passwd-" "$root/etc/shadow-" "$root/etc/group-" "$root/etc/gshadow-" "$root/etc/.pwd.lock"
rm -f "$root/etc/subuid-" "$root/etc/subgid-" "$root/var/lib/systemd/random-seed" "$root/var/cache/ldconfig/aux-cache"
find "$root/var/log" -type f -exec truncate --size=0 {} +

# What a node's layer is made of: the accounts of the packages, the files of a new home directory, and the units.
dpkg-query --admindir="$root/var/lib/dpkg" --show --showformat '${Package}\t${Version}\n' | LC_ALL=C sort >"$out/dpkg-manifest"
for file in passwd shadow group gshadow subuid subgid; do
	[ ! -e "$root/etc/$file" ] || cp "$root/etc/$file" "$out/accounts/"
done
cp -R "$root/etc/skel/." "$out/skel/"
# What useradd(8) gives a new home directory: Debian 12 has no value, and useradd its own.
sed -n -E 's/^HOME_MODE[[:space:]]+([0-7]+).*/\1/p' "$root/etc/login.defs" >"$out/home-mode"
for directory in "$root/usr/lib/systemd/system" "$root/etc/systemd/system"; do
	find "$directory" -maxdepth 1 -name '*.*' '(' -type f -o -type l ')' -exec cp -P -t "$out/units/" {} +
done
chmod -R a+rX "$out"
