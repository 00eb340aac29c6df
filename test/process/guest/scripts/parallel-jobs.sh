#!/bin/bash
pids=()
for i in 1 2 3; do
	(sleep "0.0$i"; echo "$i" >"job$i"; exit $((i % 2))) &
	pids+=($!)
done
failed=0
for pid in "${pids[@]}"; do wait "$pid" || failed=$((failed + 1)); done
echo "$failed failed"
exit "$failed"
