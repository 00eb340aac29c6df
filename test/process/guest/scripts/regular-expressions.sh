#!/bin/bash
set -e
for text in 'v1.22.3' 'release-7' 'none'; do
	if [[ $text =~ ^v?([0-9]+)\.([0-9]+)(\.([0-9]+))?$ ]]; then
		echo "${BASH_REMATCH[1]} ${BASH_REMATCH[2]} ${BASH_REMATCH[4]:-0}"
	elif [[ $text == release-+([0-9]) ]]; then
		echo "release ${text#release-}"
	else
		echo "no version: $text"
	fi
done >versions
[[ $(wc -l <versions) -eq 4 ]]
