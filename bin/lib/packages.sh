# shellcheck shell=sh
# System packages of Debian 12, Debian 13 and Ubuntu 24.04, through apt-get. The functions that decide print and change
# nothing; the one that acts is install_system_packages.

# The first QEMU that can migrate to a file, and map memory from one that it may not write to.
qemu_needed=8.2

# Each program with its package; src/base/programs.ts has the same table for the messages.
programs='
bsdtar libarchive-tools
dnsmasq dnsmasq-base
gpg gpg
ip iproute2
mke2fs e2fsprogs
mmdebstrap mmdebstrap
mount mount
newgidmap uidmap
newuidmap uidmap
nsenter util-linux
perl perl-base
qemu-img qemu-utils
qemu-system-x86_64 qemu-system-x86
ssh openssh-client
ssh-keygen openssh-client
umount mount
unshare util-linux
'

# What only the tests need: a browser for the page of a run, and letters for it to show, of which Ubuntu has no such package;
# and the shells that complete command lines.
test_programs='
chromium chromium
fish fish
zsh zsh
/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf fonts-dejavu-core
'

# Each file that a package is known by, where no program is; any one of those of a package will do.
files='
/usr/share/keyrings/debian-archive-keyring.gpg debian-archive-keyring
/etc/ssl/certs/ca-certificates.crt ca-certificates
'

# The same for ISOs, which most hosts never make.
iso_programs='
grub-mkimage grub-common
mcopy mtools
mformat mtools
mksquashfs squashfs-tools
mmd mtools
xorriso xorriso
'
iso_files='
/usr/lib/grub/i386-pc/boot_hybrid.img grub-pc-bin
/usr/lib/grub/x86_64-efi/moddep.lst grub-efi-amd64-bin
/usr/share/OVMF/OVMF_CODE_4M.fd ovmf
'

# What `npm run test:slurm` needs besides. None of its daemons is started by their installation but munged, which serves
# this machine alone.
slurm_programs='
munged munge
sbatch slurm-wlm
slurmctld slurm-wlm
slurmd slurm-wlm
'

# find_missing_packages [TABLE]: what a rehearsal needs, or the items of a table.
# Sets $missing_packages to the packages that a program or a file is missing of. Starts no process.
find_missing_packages() {
	missing_packages=
	wanted=${1:-"$programs
$files
${for_tests:+$test_programs}"}
	while read -r item package; do
		[ -n "$item" ] || continue
		case $item in
		/*) [ ! -e "$item" ] || continue ;;
		*) ! command -v "$item" >/dev/null 2>&1 || continue ;;
		esac
		case " $missing_packages " in
		*" $package "*) ;;
		*) missing_packages="$missing_packages${missing_packages:+ }$package" ;;
		esac
	done <<-END
		$wanted
	END
}

# The version of the QEMU on PATH, such as 10.0.2; nothing without one.
qemu_version() {
	qemu-system-x86_64 --version 2>/dev/null | sed -n '1s/^QEMU emulator version \([0-9.]*\).*/\1/p'
}

# qemu_suite OS-RELEASE-FILE: the suite that QEMU must come from, or nothing where the release's own will do.
# Debian 12 has QEMU 7.2, which crashes a Debian 13 guest.
qemu_suite() {
	[ -r "$1" ] || return 0
	(
		ID='' VERSION_CODENAME=''
		# shellcheck source=/dev/null
		. "$1"
		[ "$ID $VERSION_CODENAME" != 'debian bookworm' ] || echo bookworm-backports
	)
}

# Whether apt already knows where to get all of the packages, so that its lists need no update.
apt_knows() {
	for package; do
		apt-cache show --no-all-versions "$package" >/dev/null 2>&1 || return 1
	done
}

# Whether apt's lists have QEMU of a suite.
apt_has_qemu_of() {
	apt-cache madison qemu-system-x86 2>/dev/null | grep -q "$1"
}

apt_updated=
apt_update() {
	say 'updating the package lists (apt-get update)'
	# Not fatal: one unreachable source of many need not matter, and the installation tells.
	logged apt-get -o DPkg::Lock::Timeout=300 update || say 'apt-get update failed; trying with the lists that are there'
	apt_updated=yes
}

# apt_install ARGUMENT…: installs, and when that fails once more with fresh lists, which old ones often need.
apt_install() {
	set -- env DEBIAN_FRONTEND=noninteractive apt-get --yes --no-install-recommends -o DPkg::Lock::Timeout=300 install "$@"
	if [ -z "$apt_updated" ]; then
		if logged "$@" 2>/dev/null; then return 0; fi
		apt_update
	fi
	logged "$@" || die 3 'apt-get could not install the packages; its last words are above' "$*"
}

# install_system_packages OS-RELEASE-FILE PACKAGE…: as root.
install_system_packages() {
	command -v apt-get >/dev/null 2>&1 ||
		die 3 "missing, and there is no apt-get to install it with: ${missing_packages:-a newer QEMU}" \
			'install the programs by hand; rehearse doctor lists them'
	suite=$(qemu_suite "$1")
	shift
	ordinary='' of_suite=''
	for package; do
		case $suite/$package in
		?*/qemu-*) of_suite="$of_suite $package" ;;
		*) ordinary="$ordinary $package" ;;
		esac
	done
	if [ -n "$of_suite" ]; then
		if add_suite "$suite" || ! apt_has_qemu_of "$suite"; then apt_update; fi
	fi
	# shellcheck disable=SC2086 # lists of package names, which have no spaces
	{
		if [ -z "$apt_updated" ] && ! apt_knows $ordinary; then apt_update; fi
		[ -z "$ordinary" ] || apt_install $ordinary
		# On its own: with the others it would take those from the suite too.
		[ -z "$of_suite" ] || apt_install --target-release "$suite" $of_suite
	}
}
