# shellcheck shell=sh
# The set-up of the system: look what is needed, print it, then do it as root, with sudo, or leave it to the reader.

os_release=/etc/os-release

# Set where the packages that only the tests need are wanted too.
for_tests=

# Wants them where the release has them: a browser of Ubuntu is no package of apt's.
want_test_packages() {
	! grep -qx 'ID=debian' "$os_release" 2>/dev/null || for_tests=yes
}

# need WORD DESCRIPTION: notes something to be done.
need() {
	needs="$needs $1"
	descriptions="$descriptions
  - $2"
}

# Sets $needs, a list of words (`kvm` may be among them, which nothing depends on), and $descriptions, a line for each. Changes nothing.
look_at_system() {
	needs='' descriptions='' old_qemu=''
	find_missing_packages
	if command -v qemu-system-x86_64 >/dev/null 2>&1; then
		old_qemu=$(qemu_version)
		! version_at_least "$old_qemu" "$qemu_needed" || old_qemu=
	fi
	suite=$(qemu_suite "$os_release")
	[ -z "$missing_packages" ] ||
		need packages "install with apt-get: $missing_packages${suite:+ (QEMU from $suite)}"
	[ -z "$old_qemu" ] ||
		need qemu "replace QEMU $old_qemu by $qemu_needed or newer${suite:+ from $suite}"
	# shellcheck disable=SC2086 # two paths
	has_subordinate_ids "$user" "$user_id" $subid_files || need ids "give $user a range of subordinate ids (subuid(5))"
	tun_is_usable || need tun "make $tun usable for $user"
	! userns_is_restricted || need userns 'allow unshare(1) to make user namespaces (AppArmor)'
	! lacks_kvm_group || need kvm "add $user to the group $kvm_group, for $kvm: without it guests are emulated, ten times slower"
}

fix_system() {
	case " $needs " in
	*' packages '* | *' qemu '*)
		inform 'installing; this may take a few minutes'
		# shellcheck disable=SC2086 # lists of package names, which have no spaces
		install_system_packages "$os_release" $missing_packages ${old_qemu:+qemu-system-x86 qemu-utils}
		;;
	esac
	case " $needs " in *' ids '*) add_subordinate_ids ;; esac
	case " $needs " in *' tun '*) fix_tun ;; esac
	case " $needs " in *' userns '*) allow_userns ;; esac
	case " $needs " in *' kvm '*) join_kvm_group ;; esac
}

# What the reader has to run, where neither root nor sudo is at hand.
# command_for_reader PART: of the set-up, `system` or `iso`.
command_for_reader() {
	if command -v sudo >/dev/null 2>&1; then
		echo "sudo $root/bin/setup $1${for_tests:+ $user test}"
	elif [ "$1" = system ]; then
		echo "su root -c '$root/bin/setup system $user${for_tests:+ test}'"
	else
		echo "su root -c '$root/bin/setup $1'"
	fi
}

# find_user USER-OR-NOTHING: sets $caller, $user and $user_id.
find_user() {
	caller=$(id -un 2>/dev/null) || caller=$(id -u)
	user=${1:-${SUDO_USER:-$caller}}
	user_id=$(id -u "$user" 2>/dev/null) || die 3 "there is no user $user"
}

# has_work_for_system USER-OR-NOTHING: whether there is something to be done that takes a while, and that may be done from here.
has_work_for_system() {
	find_user "$1"
	look_at_system
	case " $needs " in *' packages '* | *' qemu '*) ;; *) return 1 ;; esac
	command -v setsid >/dev/null 2>&1 || return 1
	[ "$(id -u)" = 0 ] || { command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; }
}

# set_up_system USER-OR-NOTHING
set_up_system() {
	find_user "$1"
	look_at_system
	[ -n "$needs" ] || return 0
	if [ "$(id -u)" = 0 ]; then
		inform "to be done on this machine:$descriptions"
		fix_system
	elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
		inform 'using sudo for what needs root'
		sudo -n "$root/bin/setup" system "$user" ${for_tests:+test} || exit $?
	elif [ "$needs" = ' kvm' ]; then
		# Each run that goes without prints that.
		return 0
	else
		inform "needed on this machine:$descriptions"
		die 3 'that takes root; run this once, then try again' "$(command_for_reader system)"
	fi
	look_at_system
	[ -z "$needs" ] || [ "$needs" = ' kvm' ] || die 3 "still needed on this machine:$descriptions" "$root/bin/rehearse doctor"
}

# What ISOs are made with, which nothing else needs.
set_up_iso() {
	set_up_packages iso ISOs "$iso_programs
$iso_files"
}

set_up_slurm() {
	set_up_packages slurm 'tests on Slurm' "$slurm_programs"
}

# set_up_packages PART WHAT TABLE: the packages of a table, which only a part of the set-up wants, for WHAT.
set_up_packages() {
	caller=$(id -un 2>/dev/null) || caller=$(id -u)
	part=$1 what=$2 table=$3
	find_missing_packages "$table"
	[ -n "$missing_packages" ] || return 0
	if [ "$(id -u)" = 0 ]; then
		inform "installing for $what: $missing_packages"
		# shellcheck disable=SC2086 # a list of package names, which have no spaces
		install_system_packages "$os_release" $missing_packages
	elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
		inform 'using sudo for what needs root'
		sudo -n "$root/bin/setup" "$part" || exit $?
	else
		inform "$what need the packages: $missing_packages"
		user=$caller
		die 3 'that takes root; run this once, then try again' "$(command_for_reader "$part")"
	fi
	find_missing_packages "$table"
	[ -z "$missing_packages" ] || die 3 "still missing: $missing_packages" "apt-get install $missing_packages"
}
