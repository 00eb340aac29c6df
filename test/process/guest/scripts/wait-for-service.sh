#!/bin/bash
wait_for() {
	local tries=5
	until [ -e "$1" ] || [ $((tries--)) -eq 0 ]; do
		sleep 0.05
	done
	[ -e "$1" ]
}
{ sleep 0.1; touch ready; } &
wait_for ready && echo "it is there"
wait_for never || echo "it never came"
wait
