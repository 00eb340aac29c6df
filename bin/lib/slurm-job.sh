#!/bin/sh
# One task of the array that `rehearse fleet --on slurm` submits. Slurm has a copy of this file, and runs it on a host, as the
# person who submitted it:
#
#   slurm-job.sh SHARED TOTAL COMMAND…
#
# SHARED is a directory that the submitting machine has made, TOTAL the number of shards. Runs COMMAND for the shard of the
# task's number, with a directory for runs that is gone afterwards: what is kept of them is in the shard.
set -u

shared=$1 total=$2
shift 2
shard=$SLURM_ARRAY_TASK_ID/$total
host=${SLURMD_NODENAME:-$(uname -n)}

# lacks WHAT HINT: this host cannot do it.
lacks() {
	printf 'rehearse: %s\nhint: %s\n' "$1" "$2" >&2
	exit 3
}

[ -d "$shared" ] || lacks "$shared is not to be seen from $host" 'start fleet in a directory that all hosts share, or give it such a one as --out'
[ -x "$1" ] || lacks "$host has no $1" 'the hosts need Node.js at the same path as the machine that submits'
[ -r "$2" ] || lacks "$host has no $2" 'put rehearse into a directory that all hosts share, or install it at the same path on each'

# The directories of jobs that were killed with their host, or by Slurm when they took too long to end. Whoever still works
# in one holds its lock; one that was only just made may not have it yet.
base=/var/tmp
[ ! -d "${TMPDIR:-/nowhere}" ] || [ ! -w "$TMPDIR" ] || base=$TMPDIR
find "$base" -maxdepth 1 -name 'rehearse-job-*' -user "$(id -u)" -mmin +5 -exec flock --nonblock {} rm -rf {} \; 2>/dev/null

scratch=$(mktemp -d "$base/rehearse-job-XXXXXX") || lacks "$base of $host cannot be written to" 'TMPDIR names another directory'
exec 9<"$scratch" && flock 9
# Slurm sends its SIGTERM to the command as well, which ends the machines. This shell waits for it.
trap : TERM INT HUP
XDG_STATE_HOME=$scratch "$@" --shard "$shard"
status=$?
rm -rf "$scratch"
exit "$status"
