/**
 * A command that prints what `listSockets` of GuestCommands does, where the guest has nothing of the tool. Its lines are read
 * by bash itself: each process takes an emulated guest a third of a second.
 */
export const socketsWithOwners = (protocol: 'tcp' | 'udp', port: number): string => `
sockets=$(ss ${protocol === 'tcp' ? '-Hltnp' : '-Hlunp'}) || exit
printf '%s\\n\\n' "$sockets"
read -r now _ </proc/uptime
while read -r _ _ _ local _ users; do
	[[ $local == *:${port} ]] || continue
	while [[ $users =~ pid=([0-9]+)(.*) ]]; do
		users=\${BASH_REMATCH[2]} pid=\${BASH_REMATCH[1]}
		{ read -r stat </proc/$pid/stat && read -r group </proc/$pid/cgroup; } 2>/dev/null || continue
		stat=(\${stat##*) })
		echo "$now \${stat[19]} $group"
	done
done <<<"$sockets"
exit 0
`.trim();
