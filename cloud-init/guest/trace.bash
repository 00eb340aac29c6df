# Read by bash before a startup script (BASH_ENV): traces it to a file, and nothing that it starts.
exec {BASH_XTRACEFD}>>"$REHEARSE_TRACE"
unset BASH_ENV REHEARSE_TRACE
PS4='+ $LINENO '
set -x
