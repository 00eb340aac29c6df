#!/bin/bash
set -u
usage() { echo "usage: $0 [-v] [-n NAME]" | sed 's|[^ ]*/||'; }
set -- -v -n box --dry-run extra
verbose=0 name= dry=0
while [ $# -gt 0 ]; do
	case $1 in
	-v) verbose=1 ;;
	-n) name=$2; shift ;;
	--dry-run) dry=1 ;;
	--) shift; break ;;
	-*) usage; exit 2 ;;
	*) break ;;
	esac
	shift
done
echo "verbose=$verbose name=$name dry=$dry rest=$*" >result
usage
