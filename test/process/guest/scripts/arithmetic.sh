#!/bin/bash
total=0
for ((i = 0; i < 5; i++)); do ((total += i)); done
((total > 5)) && echo "more than 5"
let 'half = total / 2'
echo "$total $half $((total << 2)) $((16#ff)) $((total ? 1 : 0))"
broken=$((7.5 * 2))
echo "went on"
((0))
