#!/bin/bash
set -o pipefail
bash -c 'echo "$-"; trap -p; shopt -op xtrace' >child
sh -c 'echo "$-"; set -x; :' >>child 2>&1
ls /proc/self/fd | wc -l >>child
python3 -c 'import os; print(sorted(k for k in os.environ if "rehearse" in k or "BASH" in k))' >>child
