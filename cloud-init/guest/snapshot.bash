# Run by the agent: prints what the machine is like, so that two moments or two runs can be compared. It reads
# /proc and files, not a network. Few processes: each takes its time on a slow processor.
#
# The answer is sections, each begun by a group separator and its name. What was written since provisioning began has its
# digest, small texts their content; the rest is as the image has it, in every run.

# Where people put things, and what lies there that changes by itself or is listed otherwise.
places=(/etc /root /home /srv /opt /usr/local /var/lib /var/spool/cron /var/www)
volatile=(
	/etc/.pwd.lock /etc/'*-' /etc/ld.so.cache /etc/machine-id /etc/mtab /usr/local/lib/rehearse
	'*/.*history' '*/.cache' '*/.lesshst' '*/.npm' '*/.git/*' '*/__pycache__' '*.swp' '*~'
	/var/lib/{apt,cloud,dbus,dhcp,dpkg,initramfs-tools,logrotate,man-db,misc,pam,plocate,polkit-1,private,python,sudo,systemd,ucf}
	/var/lib/lastlog /var/lib/wtmpdb /var/lib/'postgresql/*/*' /var/lib/'mysql/*' /var/lib/'redis/*'
)

# Secrets are compared, and never sent.
is_secret() { [[ $1 == */@(*shadow*|*.key|*.pem|*_key|.pgpass) ]]; }

section() { printf '\x1d%s\n' "$1"; }

# The lines of a file, or nothing.
lines_of() {
	local lines
	mapfile lines <"$1"
	printf '%s' "${lines[@]}"
}

snapshot_sections() {
	local LC_ALL=C work=$state/snapshot since=${since:-$here/agent} prune=() place small=() large=() file text
	mkdir -p "$work"
	for place in "${volatile[@]}"; do prune+=(-o -path "$place"); done
	section files
	find "${places[@]}" -xdev \( "${prune[@]:1}" \) -prune -o -printf '%y %m %U:%G %s\0%p\0%l\0' \
		-type f -cnewer "$since" \( -size -16385c -fprint0 "$work/small" -o -size -8193k -fprint0 "$work/large" \)
	mapfile -d '' -n 1000 small <"$work/small"
	mapfile -d '' -n 1000 large <"$work/large"
	section digests
	((${#small[@]} + ${#large[@]} == 0)) || md5sum --zero -- "${small[@]}" "${large[@]}"
	section units
	systemctl list-units --all --full --plain --no-legend --no-pager
	section packages
	grep -E '^(Package|Status|Version): ' /var/lib/dpkg/status
	for file in /etc/passwd /etc/group /proc/net/{tcp,tcp6,udp,udp6,route,fib_trie,if_inet6}; do
		section "${file##*/}"
		lines_of "$file"
	done
	section texts
	for file in "${small[@]}"; do
		is_secret "$file" && continue
		mapfile -d '' -n 2 text <"$file"
		((${#text[@]} > 1)) || printf '%s\0%s\0' "$file" "${text[0]-}"
	done
}

snapshot() {
	snapshot_sections 2>/dev/null | gzip -1 | base64 --wrap=0
}

# As a program: snapshot.bash HERE STATE.
if [[ $0 == "${BASH_SOURCE[0]}" ]]; then
	here=$1 state=$2
	snapshot
fi
