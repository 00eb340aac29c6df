#!/bin/sh
# Runs once an image's packages are installed, as root of mmdebstrap's user namespace: $1 is the image's root
# directory, $2 the directory of this script. What a first boot would do on every node alike is done here, once.
set -eu
root=$1
source=$2

cp -R "$source/files/." "$root/"
printf 'virtio_blk\n' >>"$root/etc/initramfs-tools/modules"
chroot "$root" update-initramfs -u -k all

# Identities belong to a node, not to an image: the kernel command line and the seed give them.
: >"$root/etc/machine-id"
rm -f "$root"/etc/ssh/ssh_host_*
rm -f "$root/etc/hostname" "$root/etc/resolv.conf"
ln -s ../run/systemd/resolve/stub-resolv.conf "$root/etc/resolv.conf"

# cloud-init writes the network's configuration for networkd; Debian does not enable it by itself.
chroot "$root" systemctl enable --quiet systemd-networkd.service systemd-resolved.service

# Units that would work beside a rehearsal or reach for a mirror that it does not have, and those that serve no recipe:
# file systems and modules for debugging the kernel, for screens and for firmware that the machine does not have. On
# hvc0 is the shell of `rehearse console`.
for unit in apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service \
	fstrim.timer getty@tty1.service serial-getty@hvc0.service systemd-pstore.service modprobe@drm.service modprobe@efi_pstore.service \
	dev-hugepages.mount sys-kernel-debug.mount sys-kernel-tracing.mount sys-fs-fuse-connections.mount; do
	ln -sf /dev/null "$root/etc/systemd/system/$unit"
done

# Generators run at every boot and at every `systemctl daemon-reload`, which startup scripts are full of. These look
# for what the machine does not have: partitions, hibernation, a TPM, a vsock.
mkdir -p "$root/etc/systemd/system-generators"
for generator in debug gpt-auto hibernate-resume rc-local run ssh system-update tpm2; do
	ln -sf /dev/null "$root/etc/systemd/system-generators/systemd-$generator-generator"
done

# systemd repeats first-boot work (ldconfig, hwdb, journal catalogue, sysusers) when /usr is newer than these files
# (systemd.unit(5), ConditionNeedsUpdate=); the packages' own scripts have done it.
chroot "$root" journalctl --update-catalog
touch "$root/etc/.updated" "$root/var/.updated"
touch -r "$root/etc/.updated" "$root/usr"
