#!/bin/bash
ask() {
	local answer
	if [ -t 0 ]; then read -rp "$1 [y/N] " answer; else answer=${2:-n}; fi
	[[ $answer == [yY]* ]]
}
ask 'Remove everything?' || echo "kept"
ask 'Go on?' y && echo "going on"
confirm=$(ask 'Sure?'; echo $?)
exit "$confirm"
