/**
 * A command that prints what `listSockets` of GuestCommands does, where the guest has nothing of the tool. Its lines are read
 * by bash itself: each process takes an emulated guest a third of a second. A socket of the port without an owner is the
 * kernel's, or its process has ended or begun meanwhile: that shows when it is looked at again.
 */
export const socketsWithOwners = (protocol: 'tcp' | 'udp', port: number): string => `
for look in 1 2 3; do
	sockets=$(ss ${protocol === 'tcp' ? '-Hltnp' : '-Hlunp'}) || exit
	read -r now _ </proc/uptime
	owners= strange=
	while read -r _ _ _ local _ users; do
		[[ $local == *:${port} ]] || continue
		owned=
		while [[ $users =~ pid=([0-9]+)(.*) ]]; do
			users=\${BASH_REMATCH[2]} pid=\${BASH_REMATCH[1]}
			{ read -r stat </proc/$pid/stat && read -r group </proc/$pid/cgroup; } 2>/dev/null || continue
			stat=(\${stat##*) })
			owned=1 owners+="$now \${stat[19]} $local $group"$'\\n'
		done
		[[ $owned ]] || strange=1
	done <<<"$sockets"
	[[ $strange ]] && sleep 0.1 || break
done
printf '%s\\n\\n%s' "$sockets" "$owners"
exit 0
`.trim();
