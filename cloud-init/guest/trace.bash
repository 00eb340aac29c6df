# Read by bash before a startup script (BASH_ENV): writes each command, as it begins, to where the script's errors go,
# and with it what bash knows of the one before. Nothing that the script starts is traced, or sees any of this.
unset BASH_ENV
# While a descriptor is redirected, bash keeps the original as the first free one from 10 on and closes that to children.
# A copy of it is closed to them too, and no redirection of the script's reaches it. 255 is the script itself.
for fd in {10..99}; do [[ -e /dev/fd/$fd ]] || break; done
{ exec 254>&"$fd"; } 2>/dev/null
unset fd
BASH_XTRACEFD=254
PS4=$'\036''+ $EPOCHREALTIME $BASHPID $BASH_SUBSHELL ${#BASH_SOURCE[@]} $? ${PIPESTATUS[@]} | $LINENO ${BASH_SOURCE#"$0"} > '
set -x
