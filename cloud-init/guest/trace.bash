# Read by bash before a startup script (BASH_ENV): writes each command, as it begins, to where the script's errors go,
# and with it what bash knows of the one before. Nothing that the script starts is traced, or sees any of this.
{ set +x; } 2>/dev/null
unset BASH_ENV
# While a descriptor is redirected, bash keeps the original as the first free one from 10 on and closes that to children.
# A copy of it is closed to them too, and no redirection of the script's reaches it. 255 is the script itself.
for fd in {10..99}; do [[ -e /dev/fd/$fd ]] || break; done
{ exec 254>&"$fd"; } 2>/dev/null
unset fd
BASH_XTRACEFD=254
# A subshell finds the process that forked it in the array, and then itself: an array is never exported.
__rehearse=("$$" $'\036''+ $EPOCHREALTIME $__rehearse $((__rehearse=BASHPID)) ${#BASH_SOURCE[@]} $? ${PIPESTATUS[@]} | $LINENO $BASH_SOURCE > ')
PS4=${__rehearse[1]}
# The end of the script: its status, and the command that it ended in as it is written there, also where the script has ended
# the trace. A trap of the script's own for EXIT replaces this, and one for DEBUG sees nothing of a subshell. There are no
# quotes in it, for those who take traps apart. By then the script may have an IFS that takes words apart, and functions and
# aliases of these names; whatever fails here, as where PS4 is
# readonly, must not become the status of the script.
trap '! (__rehearse+=($? ${PIPESTATUS[@]} end); \builtin unset -v IFS 2>&- || :; \builtin mapfile -tO 99 __rehearse 2>&- || :; \builtin set -x; PS4=${__rehearse[1]}; [[ -n ${__rehearse[@]:2} ]]) <<<$BASH_COMMAND' EXIT
set -x
