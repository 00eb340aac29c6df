#!/bin/bash
trap 'echo "usr1"; hit=1' USR1
trap 'echo "terminated"; exit 143' TERM
kill -USR1 $$
echo "hit=${hit:-0}"
kill -TERM $$
sleep 1
