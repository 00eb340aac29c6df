# shellcheck shell=sh
# What a user must be allowed, for $user: subordinate ids, /dev/net/tun, user namespaces; and what is good to have, /dev/kvm.

tun=/dev/net/tun
kvm=/dev/kvm
subid_files='/etc/subuid /etc/subgid'
apparmor_switch=/proc/sys/kernel/apparmor_restrict_unprivileged_userns
apparmor_profile=/etc/apparmor.d/rehearse-unshare

# as_user COMMAND…: as $user, who is either the caller or, for root, anyone.
as_user() {
	if [ "$user" = "$caller" ]; then
		"$@"
	else
		runuser -u "$user" -- "$@"
	fi
}

# has_subordinate_ids USER UID FILE…: whether each of the files, in the form of subuid(5), has a range for the user.
has_subordinate_ids() {
	owner=$1 owner_id=$2
	shift 2
	for file; do
		[ -r "$file" ] && grep -Eq "^($owner|$owner_id):[0-9]+:[0-9]+" "$file" || return 1
	done
}

# next_subordinate_id FILE…: the first id behind every range that is given away, at least 100000 as in login.defs(5).
next_subordinate_id() {
	# Not %d: mawk's stops at 2^31 - 1.
	awk -F : 'BEGIN { id = 100000 } $2 + $3 > id { id = $2 + $3 } END { printf "%.0f\n", id }' "$@"
}

add_subordinate_ids() {
	# usermod wants the files to be there.
	for file in $subid_files; do
		[ -e "$file" ] || : >"$file"
	done
	# shellcheck disable=SC2086 # two paths
	first=$(next_subordinate_id $subid_files)
	last=$((first + 65535))
	set -- usermod --add-subuids "$first-$last" --add-subgids "$first-$last" "$user"
	inform "giving $user the subordinate ids $first-$last"
	logged "$@" || die 3 "$user could not be given subordinate ids" "$*"
}

# Opening is the only honest test: containers may forbid the device whatever its mode is.
tun_is_usable() {
	# shellcheck disable=SC2016 # for the other shell
	[ -c "$tun" ] && as_user sh -c ': <>"$1"' sh "$tun" 2>/dev/null
}

# 0666 is what udev gives it on every ordinary distribution: the device alone lets nobody do anything to the host's
# network, which needs CAP_NET_ADMIN besides.
fix_tun() {
	inform "making $tun usable (mode 0666, as is usual)"
	[ -c "$tun" ] || modprobe tun 2>/dev/null || true
	[ -c "$tun" ] || { mkdir -p "${tun%/*}" && mknod "$tun" c 10 200 2>/dev/null; } || true
	chmod 0666 "$tun" 2>/dev/null || true
	tun_is_usable || die 3 "$tun could not be made usable" \
		'in a container, start it with --device /dev/net/tun; otherwise load the kernel module tun'
}

kvm_is_usable() {
	# shellcheck disable=SC2016 # for the other shell
	as_user sh -c ': <>"$1"' sh "$kvm" 2>/dev/null
}

# Whether a group would let the user have KVM who has not; sets $kvm_group then. Who has joined it has it from the next
# login on.
lacks_kvm_group() {
	[ -c "$kvm" ] && ! kvm_is_usable || return 1
	case $(stat -c '%A %G' "$kvm" 2>/dev/null) in
	*' root') return 1 ;;
	????rw*) kvm_group=$(stat -c %G "$kvm") ;;
	*) return 1 ;;
	esac
	case " $(id -nG "$user") " in *" $kvm_group "*) return 1 ;; esac
}

join_kvm_group() {
	inform "adding $user to the group $kvm_group, which may use $kvm; log in again for it"
	logged usermod --append --groups "$kvm_group" "$user" || inform "$user could not be added; guests will be emulated"
}

# Ubuntu lets only programs with an AppArmor profile have rights in a user namespace of their own; root is exempt.
userns_is_restricted() {
	[ -r "$apparmor_switch" ] && read -r restricted <"$apparmor_switch" && [ "$restricted" = 1 ] &&
		[ "$user_id" != 0 ] && ! as_user unshare --user --map-root-user true 2>/dev/null
}

# A profile that lets unshare(1) alone do it is the narrower of the two ways; the other, the sysctl, lifts the
# restriction for every program. mmdebstrap has a profile from Ubuntu.
print_apparmor_profile() {
	cat <<-END
		# Lets unshare(1) make user namespaces for ordinary users; added by bin/setup of rehearse.
		abi <abi/4.0>,
		include <tunables/global>

		profile rehearse-unshare $1 flags=(unconfined) {
		  userns,

		  include if exists <local/rehearse-unshare>
		}
	END
}

allow_userns() {
	inform "allowing unshare(1) to make user namespaces: $apparmor_profile"
	if ! [ -d "${apparmor_profile%/*}" ] || ! command -v apparmor_parser >/dev/null 2>&1; then
		die 3 'AppArmor restricts user namespaces and cannot be managed from here' \
			'on the host: sysctl kernel.apparmor_restrict_unprivileged_userns=0'
	fi
	print_apparmor_profile "$(readlink -f "$(command -v unshare)")" >"$apparmor_profile"
	if ! logged apparmor_parser --replace "$apparmor_profile" || userns_is_restricted; then
		rm -f "$apparmor_profile"
		die 3 'AppArmor still restricts user namespaces' 'sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0'
	fi
}
