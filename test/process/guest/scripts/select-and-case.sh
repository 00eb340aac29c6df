#!/bin/bash
printf '2\n' >choice
select flavour in light full none; do
	case $flavour in
	light) echo small ;;&
	full) echo big ;;&
	l* | f*) echo "some" ;;
	*) echo nothing ;;
	esac
	break
done <choice 2>/dev/null
