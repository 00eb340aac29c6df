#!/bin/bash
set -- -a -b value -z
while getopts ':ab:' option; do
	case $option in
	a) echo a ;;
	b) echo "b=$OPTARG" ;;
	\?) echo "no option -$OPTARG"; exit 64 ;;
	esac
done
