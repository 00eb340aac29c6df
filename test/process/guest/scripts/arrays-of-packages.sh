#!/bin/bash
set -eu
packages=(curl git "build essential")
packages+=(jq)
unset 'packages[1]'
declare -A versions=([curl]=8.1 [jq]=1.7)
for package in "${packages[@]}"; do
	printf '%s=%s\n' "$package" "${versions[$package]:-any}"
done | sort >packages.txt
echo "${#packages[@]}" "${!versions[@]}" | wc -w
echo "${packages[@]:0:2}"
