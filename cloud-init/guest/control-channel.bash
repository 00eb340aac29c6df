# control-channel.bash PORT: begun by the agent, a channel to the host that is attended to whatever the agent is busy with.
# The host's requests:
#   shell ID ROWS COLUMNS TERM  begin a root shell on hvc0, in the place of one that may be there; `shell-began id=ID`
#                               once what is typed will reach it, `shell-ended id=ID` once it has ended
#   size ROWS COLUMNS           of the terminal that the shell is shown on
#   close ID                    end that shell, if it is still the one on hvc0
#   authorize USER KEY          let KEY in by SSH; `authorized user=USER status=STATUS`, of which 0 is good
#   journal LINES               `journal text=…`: the end of this boot's journal, gzipped, in base64
exec 4<>"$1"

begin_shell() {
	(
		cd /root && exec <>/dev/hvc0 >&0 2>&1 || exit
		export HOME=/root USER=root LOGNAME=root SHELL=/bin/bash TERM=$4
		stty sane rows "$2" cols "$3"
		# Only the agent is spared where memory is short.
		echo 0 >/proc/self/oom_score_adj
		# From here on the terminal stays open: what is typed ahead would be lost with its last user.
		echo "shell-began id=$1" >&4
		setsid --ctty --wait bash -l 4>&-
		echo "shell-ended id=$1" >&4
	) &
}

# Ends the shell on hvc0, and waits until the terminal is free.
end_shell() {
	local tries=50
	while pkill -HUP -t hvc0 && ((tries--)); do sleep 0.1; done
}

authorize() {
	local user=$1 key=$2 home keys status=1
	eval "home=~$user"
	keys=$home/.ssh/authorized_keys
	if [[ -d $home ]]; then
		mkdir -p -m 700 "$home/.ssh"
		[[ -r $keys && $(<"$keys") == *"$key"* ]] || (umask 077 && printf '%s\n' "$key" >>"$keys")
		chown -R "$user:" "$home/.ssh"
		status=$?
	fi
	echo "authorized user=$user status=$status" >&4
}

journal() {
	local text
	text=$(journalctl --boot --no-pager --output=short-precise --lines="$1" 2>&1 | gzip -1 | base64 --wrap=0)
	echo "journal text=$text" >&4
}

shell=
while read -r request arguments <&4; do
	# shellcheck disable=SC2086 # numbers and names, split on purpose
	case $request in
	shell)
		end_shell
		shell=${arguments%% *}
		begin_shell $arguments
		;;
	size)
		set -- $arguments
		stty -F /dev/hvc0 rows "$1" cols "$2"
		;;
	close) [[ $arguments != "$shell" ]] || end_shell ;;
	journal) journal "$arguments" ;;
	authorize) authorize "${arguments%% *}" "${arguments#* }" ;;
	esac
done
