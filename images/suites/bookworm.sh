#!/bin/sh
# What Debian 12 needs beside customize.sh, which runs afterwards; $1 is the image's root directory. Its cloud kernel has as
# modules what that of Debian 13 has built in: the bus of the disk, and the root file system.
set -eu
printf 'virtio_pci\next4\n' >>"$1/etc/initramfs-tools/modules"
