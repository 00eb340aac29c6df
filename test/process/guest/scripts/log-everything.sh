#!/bin/bash
set -e
exec > >(tee -a provision.log) 2>&1
echo "begin"
ls /nonexistent || echo "no such directory, going on"
echo "end"
exec >/dev/null 2>&1
wait $! 2>/dev/null || true
