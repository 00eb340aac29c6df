#!/bin/bash
# Runs once cloud-init is done: tells the host how provisioning went and does what the host says.
#
# Every line to the host is `kind name=value …`; free text travels in base64. The host's words:
#   clock MS  its clock, in milliseconds since the epoch: the answer to `clock`
#   sync      the machine stood still for a while
#   wake      the machine is a copy, restored from a checkpoint: tell what shows that it is sound
#   start     run the startup scripts
#   debug GLOB  run them too, stopping those whose name matches before each command (debug.bash)
#   again SCRIPT  run a startup script another time
#   survey    tell what the machine is like
#   reboot    shut down in order and begin anew
# Without a host that listens (a person booted this seed by hand) the scripts run all the same, at the first boot, and
# nobody is told.
set -u
here=/usr/local/lib/rehearse
state=/run/rehearse
port=/dev/virtio-ports/org.openfactory.rehearse
mkdir -p "$state/seed"

if [[ -c $port ]]; then exec 3<>"$port"; else exec 3>/dev/null; fi
if [[ -c $port.side ]]; then
	# Beside everything else: a person comes to look at a script that hangs.
	source "$here/side-line.bash" "$port.side" &
fi
tell() { printf '%s\n' "$*" >&3; }
text() { base64 --wrap=0; }

count_failed() { exec systemctl show --property=NFailedUnits --value; }

# Into `failed`: what systemd says of the units that failed, as text. Every process counts where a person waits.
look_for_failed() {
	failed=
	[[ $(count_failed) == 0 ]] || failed=$(failed_units | text)
}

# What systemd says of the units that failed; startup scripts are told of by themselves.
failed_units() {
	local units
	mapfile -t units < <(systemctl list-units --state=failed --plain --no-legend --full | cut -d' ' -f1 | grep -v '^startup-')
	((${#units[@]})) && systemctl status --no-pager --full --lines=5 -- "${units[@]}" 2>&1 | head -c 8000
}

# Milliseconds of the clock that never steps, into `up`; of the one that people read, into `now`.
read_clocks() {
	read -r up _ </proc/uptime
	up=$((10#${up/./} * 10)) now=$((${EPOCHREALTIME/./} / 1000))
}

# Asks for the host's clock: into `host`, and what this machine's were when the answer came.
ask_clock() {
	local word rest
	tell clock
	# What the host has said before it heard the question comes first.
	while read -r word rest <&3 && [[ $word != clock ]]; do words+=("$word${rest:+ $rest}"); done
	host=$rest
	read_clocks
	[[ $word == clock ]]
}

# Sets the clock to the host's, where it is off by more than a tenth of a second.
sync_clock() {
	local up now host
	ask_clock || return
	((now - host < -100 || now - host > 100)) || return 0
	catch_up "$host" "$up" >/dev/null
}
catch_up() { "$here/catch-up" "$@"; }

# Every process counts here: it is what a person waits for at each run.
reseeds=0
wake() {
	local up now host id type key failed before=$reseeds
	ask_clock || return
	reseeds=$(catch_up "$host" "$up" "$before")
	look_for_failed
	read -r id </etc/machine-id
	read -r type key _ </etc/ssh/ssh_host_ed25519_key.pub
	# The clock last: what comes before takes its time.
	tell "awake machine_id=$id key_type=$type key=$key reseeded=$((reseeds - before)) failed=$failed clock=$EPOCHREALTIME"
}

# Runs all scripts, or one of them another time. Those that match `debugged` stop before each command.
debugged=''
run_scripts() {
	local seed=$state/seed again=${1-} script deadline mode after failed
	mount -o ro /dev/disk/by-label/cidata "$seed" || echo "the seed could not be mounted" >/dev/console
	while read -r script deadline mode after; do
		# shellcheck disable=SC2053 # a pattern. Whoever looks at a line takes his time.
		[[ $script != $debugged ]] || mode=debug deadline=infinity
		if [[ -z $again ]]; then
			tell "script-started script=$script"
			run_script "$seed/startup/$script" "$script" finished
		elif [[ $script == "$again" ]]; then
			run_script "$seed/startup/$script" "$script-again" repeated
		fi
	done <"$seed/startup/order.txt"
	umount "$seed"
	[[ -z $again ]] || return
	look_for_failed
	tell "started failed=$failed"
}

# run_script FILE NAME ENDED: runs a script as a unit, and tells how it ended. What it leaves in this state is named NAME.
run_script() {
	local name=$2 began=${EPOCHREALTIME/./} refusal refused ms key value
	local unit=startup-$name.service
	local -A end=()
	refusal=$(systemd-run --quiet --unit="$unit" --service-type=oneshot --description="startup script $script" \
		--property=RemainAfterExit=yes --property="Wants=$after" --property="After=$after" \
		--property="TimeoutStartSec=$deadline" --property=TimeoutStopSec=5 \
		--property="StandardOutput=append:$state/$name.output" --property="StandardError=append:$state/$name.output" \
		-- "$here/run-script" "$1" "$mode" 2>&1)
	refused=$?
	ms=$(((${EPOCHREALTIME/./} - began) / 1000))
	while IFS='=' read -r key value; do end[$key]=$value; done < <(
		systemctl show --timestamp=us+utc --property=Result,ExecMainStatus,ExecMainExitTimestamp "$unit"
	)
	# A unit that was never started has a Result of success too: what systemd-run says decides.
	if ((refused)) && [[ ${end[Result]} == success ]]; then
		end[Result]=resources end[ExecMainStatus]=1
		printf '%s\n' "$refusal" >>"$state/$name.output"
	fi
	# `Tue 2026-11-24 15:08:17.123456 UTC`, without its blanks.
	tell "script-$3 script=$script result=${end[Result]} status=${end[ExecMainStatus]} ms=$ms" \
		"exited=${end[ExecMainExitTimestamp]// /_}" \
		"stream=$(tail -c 131072 "$state/$name.output" 2>/dev/null | text)"
}

# The first look at sockets has the kernel load modules, which udev hears of: once, instead of in each scenario.
ss -Hltnu >/dev/null 2>&1

# At later boots there is no cloud-init, and no word of it.
look_for_failed
tell "provisioned cloud_init=$(text 2>/dev/null </run/cloud-init/status.json) failed=$failed"
if [[ ! -c $port ]]; then
	# cloud-init's directory of this instance: what is done once is marked there.
	[[ -e /var/lib/cloud/instance/startup-ran ]] || run_scripts
	: >/var/lib/cloud/instance/startup-ran
	exit
fi
source "$here/survey.bash"
words=()
while ((${#words[@]})) || read -r 'words[0]' <&3; do
	word=${words[0]}
	words=("${words[@]:1}")
	[[ $word == wake ]] || sync_clock
	case $word in
	wake) wake ;;
	start) run_scripts ;;
	'debug '*)
		debugged=${word#debug }
		run_scripts
		debugged=''
		;;
	'again '*) run_scripts "${word#again }" ;;
	survey) tell "surveyed data=$(survey)" ;;
	reboot) systemctl reboot --no-block ;;
	esac
done
