#!/bin/sh
# Runs once an image's packages are installed, as root of mmdebstrap's user namespace: $1 is the image's root
# directory, $2 the directory of this script. What a first boot would do on every node alike is done here, once.
set -eu
root=$1
source=$2

cp -R "$source/files/." "$root/"
# What the files replace.
rm -f "$root/etc/cloud/cloud.cfg.d/05_logging.cfg"
printf 'virtio_blk\n' >>"$root/etc/initramfs-tools/modules"
# The one that counts: INITRD=No (initramfs-tools' kernel hook) kept the packages from making one each time.
for kernel in "$root"/boot/vmlinuz-*; do
	chroot "$root" update-initramfs -c -k "${kernel##*/vmlinuz-}"
done
# The links that the kernel's package makes where there is one already (linux-update-symlinks).
for link in "$root"/vmlinuz*; do
	[ ! -L "$link" ] || ln -sfn "boot/initrd.img-$(readlink "$link" | sed 's/^[^-]*-//')" "$root/initrd.img${link##*/vmlinuz}"
done

# Identities belong to a node, not to an image: the kernel command line and the seed give them.
: >"$root/etc/machine-id"
rm -f "$root"/etc/ssh/ssh_host_*
rm -f "$root/etc/hostname" "$root/etc/resolv.conf"
ln -s ../run/systemd/resolve/stub-resolv.conf "$root/etc/resolv.conf"

# cloud-init writes the network's configuration for networkd; Debian does not enable it by itself.
chroot "$root" systemctl enable --quiet systemd-networkd.service systemd-resolved.service

# Units that would work beside a rehearsal or reach for a mirror that it does not have, and those that serve no recipe:
# file systems and modules for debugging the kernel, for screens and for firmware that the machine does not have, rules for
# udev that nobody hands it. On hvc0 is the shell of `rehearse console`.
for unit in apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service \
	fstrim.timer getty@tty1.service serial-getty@hvc0.service systemd-pstore.service modprobe@drm.service modprobe@efi_pstore.service \
	dev-hugepages.mount sys-kernel-debug.mount sys-kernel-tracing.mount sys-fs-fuse-connections.mount \
	systemd-udev-load-credentials.service; do
	ln -sf /dev/null "$root/etc/systemd/system/$unit"
done
# Python would have its compiled files started by their names, which nobody does: with no other format to register,
# systemd-binfmt.service has nothing to do.
rm -f "$root"/usr/lib/binfmt.d/python3*.conf

# Generators run at every boot and at every `systemctl daemon-reload`, which startup scripts are full of. These look
# for what the machine does not have: partitions, hibernation, a TPM, a vsock.
mkdir -p "$root/etc/systemd/system-generators"
for generator in systemd-debug systemd-gpt-auto systemd-hibernate-resume systemd-rc-local systemd-run systemd-ssh \
	systemd-system-update systemd-tpm2 cloud-init; do
	ln -sf /dev/null "$root/etc/systemd/system-generators/$generator-generator"
done
# cloud-init's looks for a cloud, and there is one. What its generator would enable for the first boot, the seed disables
# once it is over.
chroot "$root" systemctl add-wants --quiet multi-user.target cloud-init.target

# A message of the day that is made anew at each login starts half a dozen processes, and who logs in here is a program.
if [ -e "$root/etc/pam.d/sshd" ]; then
	sed -i '/pam_motd\.so *motd=\/run\/motd\.dynamic/d' "$root/etc/pam.d/sshd"
fi

# systemd repeats first-boot work (ldconfig, hwdb, journal catalogue, sysusers) when /usr is newer than these files
# (systemd.unit(5), ConditionNeedsUpdate=); the packages' own scripts have done it.
chroot "$root" journalctl --update-catalog
touch "$root/etc/.updated" "$root/var/.updated"
touch -r "$root/etc/.updated" "$root/usr"
