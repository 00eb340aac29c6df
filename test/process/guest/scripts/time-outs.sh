#!/bin/bash
timeout 0.1 sleep 5
echo "status $?"
timeout 5 bash -c 'exit 3' || echo "bash ended with $?"
read -r -t 0.1 line || echo "nothing to read"
