#!/bin/bash
# Runs once cloud-init is done: tells the host how provisioning went, waits for its word, runs the node's startup
# scripts from the seed disk, each as a systemd unit, and tells how each ended.
#
# Every line to the host is `kind name=value …`; free text travels in base64. Without a host that listens (a person
# booted this seed by hand) everything runs all the same, and nobody is told.
set -u
here=/usr/local/lib/rehearse
state=/run/rehearse
port=/dev/virtio-ports/org.openfactory.rehearse
mkdir -p "$state"

if [[ -c $port ]]; then exec 3<>"$port"; else exec 3>/dev/null; fi
tell() { printf '%s\n' "$*" >&3; }
text() { base64 --wrap=0; }

# What systemd says of the units that failed; startup scripts are told of by themselves.
failed_units() {
	local units
	mapfile -t units < <(systemctl list-units --state=failed --plain --no-legend --full | cut -d' ' -f1 | grep -v '^startup-')
	((${#units[@]})) && systemctl status --no-pager --full --lines=5 -- "${units[@]}" 2>&1 | head -c 8000
}

tell "provisioned cloud_init=$(text <"/run/cloud-init/status.json") failed=$(failed_units | text)"
if [[ -c $port ]]; then
	while read -r word clock <&3 && [[ $word != start ]]; do :; done
	[[ -n ${clock:-} ]] && date --set="@$clock" >/dev/null
fi

seed=$state/seed
mkdir -p "$seed" && mount -o ro /dev/disk/by-label/cidata "$seed"
while read -r script deadline after; do
	tell "script-started script=$script"
	unit=startup-$script.service
	began=${EPOCHREALTIME/./}
	refusal=$(systemd-run --quiet --unit="$unit" --service-type=oneshot --description="startup script $script" \
		--property=RemainAfterExit=yes --property="Wants=$after" --property="After=$after" \
		--property="TimeoutStartSec=$deadline" --property=TimeoutStopSec=5 \
		--property="StandardOutput=append:$state/$script.output" --property="StandardError=append:$state/$script.output" \
		-- "$here/run-script" "$seed/startup/$script" "$state/$script.trace" 2>&1)
	refused=$?
	ms=$(((${EPOCHREALTIME/./} - began) / 1000))
	mapfile -t end < <(systemctl show --property=Result,ExecMainStatus --value "$unit")
	# A unit that was never started has a Result of success too: what systemd-run says decides.
	if ((refused)) && [[ ${end[0]} == success ]]; then
		end=(resources 1)
		printf '%s\n' "$refusal" >>"$state/$script.output"
	fi
	tell "script-finished script=$script result=${end[0]} status=${end[1]} ms=$ms" \
		"output=$(tail -c 16384 "$state/$script.output" 2>/dev/null | text)" \
		"trace=$(tail -c 4096 "$state/$script.trace" 2>/dev/null | text)"
done <"$seed/startup/order.txt"
umount "$seed"
tell "started failed=$(failed_units | text)"
