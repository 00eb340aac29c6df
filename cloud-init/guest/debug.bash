# Read by bash before a startup script that is debugged (BASH_ENV): has it stop before each command and carry out the
# host's requests, over a port of its own. Messages and requests are a line each, their parts between tabs, with \ before
# what would end a part or a line.
#
#   at SCRIPT KIND LINE SOURCE DEPTH STATUS COMMAND OUTPUT
#       stopped before COMMAND, in SOURCE (empty for the script itself) and DEPTH functions; STATUS is that of the command
#       before, OUTPUT what was written since the stop before. KIND is `line`; or `fatal`, of a command that has failed
#       and that the script is about to end with.
#   answer STATUS TEXT          to `eval`, `instead` and `variables`
#
# The host's requests:
#   go MODE DEPTH MS LINES      go on: to the next command (`step`), to the next that is no deeper than DEPTH (`over`), to
#                               one of LINES, between commas (`run`), or to the end (`free`); all but the last stop at
#                               LINES. MS is the host's clock: the machine was halted meanwhile.
#   skip MODE DEPTH MS LINES    the same, without the command
#   eval COMMAND                run COMMAND in the script's own shell, and send what it writes
#   instead COMMAND             run COMMAND as if the script had it here: what it writes is the script's
#   variables [NAME…]           send variables; all that the script has made where none is named
#
# The script sees as little of this as possible: $?, PIPESTATUS, $_, options and descriptors are as without it. The port
# is open only while the script is stopped, so nothing inherits it. In subshells nothing stops.
unset BASH_ENV
declare -A __rehearse_known=() __rehearse_breaks=()
__rehearse_port='' __rehearse_mode=step __rehearse_depth=0 __rehearse_at='' __rehearse_line='' __rehearse_asked=''
__rehearse_status=0 __rehearse_answer=0 __rehearse_shown=0 __rehearse_eval='' __rehearse_text='' __rehearse_command=''
__rehearse_own_trap='' __rehearse_own_option='' __rehearse_nounset='' __rehearse_is_reported=''
__rehearse_scratch=/run/rehearse/debug
compgen -v >|"$__rehearse_scratch"
mapfile -t __rehearse_names <"$__rehearse_scratch"
for __rehearse_text in "${__rehearse_names[@]}" BASH_{ALIASES,ARGC,ARGV,CMDS,LINENO,REMATCH} COLUMNS FUNCNAME LINES MAPFILE PIPESTATUS; do
	__rehearse_known[$__rehearse_text]=1
done
unset __rehearse_names
__rehearse_output=$(readlink "/proc/$$/fd/1")

__rehearse_open() { exec {__rehearse_port}<>/dev/virtio-ports/org.openfactory.rehearse.debug; }

# One part of a line, into __rehearse_text.
__rehearse_part() {
	__rehearse_text=${1//\\/\\\\}
	__rehearse_text=${__rehearse_text//$'\n'/\\n}
	__rehearse_text=${__rehearse_text//$'\t'/\\t}
	__rehearse_text=${__rehearse_text//$'\r'/\\r}
}

__rehearse_send() {
	local __rehearse_message=$1 __rehearse_each
	shift
	for __rehearse_each; do
		__rehearse_part "$__rehearse_each"
		__rehearse_message+=$'\t'$__rehearse_text
	done
	printf '%s\n' "$__rehearse_message" >&"$__rehearse_port"
}

# What a file has behind so many characters, 16 KiB at most, into __rehearse_text. Nothing is started for it.
__rehearse_read() {
	local __rehearse_all=()
	[[ -f $1 && -r $1 ]] && mapfile -d '' __rehearse_all <"$1"
	printf -v __rehearse_text %s "${__rehearse_all[@]}"
	__rehearse_length=${#__rehearse_text}
	__rehearse_text=${__rehearse_text:$2}
	((${#__rehearse_text} <= 16384)) || __rehearse_text=${__rehearse_text: -16384}
}

# Waits until the command may run, with 1; 0 means that __rehearse_eval is to be run first, in the script's own scope.
# After the request `skip` the last thing run there fails, which has bash skip the command.
__rehearse_stop() {
	local __rehearse_last=$? __rehearse_here=${BASH_LINENO[0]} __rehearse_source=${BASH_SOURCE[1]} __rehearse_kind=line
	[[ $BASHPID == "$$" ]] || return 1
	[[ $BASH_COMMAND != trap\ *ERR* ]] || __rehearse_own_trap=1
	[[ $BASH_COMMAND != set\ *@(-*([!o\ ])E|errtrace)* ]] || __rehearse_own_option=1
	if [[ $__rehearse_mode == free ]]; then
		__rehearse_leave
		return 1
	fi
	shopt -q extdebug || shopt -s extdebug
	# It would have the script's own trap for failures called within functions too.
	[[ -z $__rehearse_own_trap || -n $__rehearse_own_option ]] || set +E
	[[ -z $__rehearse_nounset ]] || set -u
	__rehearse_nounset=
	local - IFS=$' \t\n' __rehearse_level=$((${#FUNCNAME[@]} - 2)) __rehearse_fatal=
	[[ $- != *e* ]] || __rehearse_fatal=1
	[[ $- != *u* ]] || __rehearse_nounset=u
	set +aefnuvx
	case $__rehearse_asked in
	skip)
		__rehearse_asked=
		unset __rehearse_argument
		return 1
		;;
	eval | instead)
		__rehearse_text=
		[[ $__rehearse_asked == instead ]] || __rehearse_read "$__rehearse_scratch" 0
		__rehearse_asked=
		__rehearse_open
		__rehearse_send answer "$__rehearse_answer" "$__rehearse_text"
		__rehearse_listen "$1"
		return
		;;
	esac
	local __rehearse_was=$__rehearse_at
	if [[ ${FUNCNAME[1]} == __rehearse_failed ]]; then
		__rehearse_kind=fatal __rehearse_here=${BASH_LINENO[1]} __rehearse_source=${BASH_SOURCE[2]}
		# Bash reports a function's first command twice, the first time as that of the call.
		[[ -n $__rehearse_fatal && -z $__rehearse_is_reported ]] || return 1
		((--__rehearse_level))
		__rehearse_is_reported=1
	else
		__rehearse_at=$__rehearse_level:$BASH_COMMAND
		[[ $__rehearse_was != "$((__rehearse_level - 1)):$BASH_COMMAND" ]] || return 1
		# For a command in a trap bash reports the one that was interrupted.
		[[ $__rehearse_was != "$__rehearse_at" ]] || ((__rehearse_here > 1)) || return 1
		# So it does of the call of the trap for failures.
		[[ $__rehearse_was != "$__rehearse_at" || $__rehearse_last == 0 || -z $__rehearse_fatal ]] || return 1
		__rehearse_is_reported=
		__rehearse_wanted || return 1
	fi
	__rehearse_status=$__rehearse_last
	[[ $__rehearse_source != "$0" ]] || __rehearse_source=
	__rehearse_open
	__rehearse_read "$__rehearse_output" "$__rehearse_shown"
	__rehearse_shown=$__rehearse_length
	__rehearse_send at "${0##*/}" "$__rehearse_kind" "$__rehearse_here" "$__rehearse_source" "$__rehearse_level" \
		"$__rehearse_last" "${BASH_COMMAND:0:4000}" "$__rehearse_text"
	__rehearse_listen "$1"
}

# Whether the host wants to stop here.
__rehearse_wanted() {
	local __rehearse_before=$__rehearse_line
	__rehearse_line=$__rehearse_source:$__rehearse_here
	case $__rehearse_mode in
	step) return 0 ;;
	over) ((__rehearse_level > __rehearse_depth)) || return 0 ;;
	esac
	# Once for all commands of a line.
	[[ $__rehearse_source == "$0" && -n ${__rehearse_breaks[$__rehearse_here]-} && $__rehearse_before != "$__rehearse_line" ]] ||
		[[ $BASH_COMMAND == exit\ [1-9]* ]]
}

# Takes requests until the script is to do something. $1 is what the script has in $_.
__rehearse_listen() {
	local __rehearse_request __rehearse_rest
	# Without a request the host is gone, and nobody would ever send more.
	__rehearse_asked=go __rehearse_mode=free
	while IFS=$'\t' read -r __rehearse_request __rehearse_rest <&"$__rehearse_port"; do
		case $__rehearse_request in
		go | skip)
			# shellcheck disable=SC2086 # words, split on purpose
			__rehearse_obey $__rehearse_rest
			__rehearse_asked=$__rehearse_request __rehearse_eval=false
			break
			;;
		eval | instead)
			printf -v __rehearse_command %b "$__rehearse_rest"
			__rehearse_asked=$__rehearse_request __rehearse_answer=2
			__rehearse_eval='__rehearse_again; eval "$__rehearse_command"; __rehearse_evaluated'
			# A variable that is not set would end the script.
			[[ $__rehearse_request == instead ]] ||
				__rehearse_eval="set +u; { $__rehearse_eval; } >|\"\$__rehearse_scratch\" 2>&1 </dev/null"
			__rehearse_mode=step
			break
			;;
		# shellcheck disable=SC2086
		variables) __rehearse_variables $__rehearse_rest ;;
		esac
	done
	exec {__rehearse_port}>&-
	if [[ $__rehearse_asked != go ]]; then
		__rehearse_argument=$1
		return 0
	fi
	__rehearse_asked=
	unset __rehearse_argument
	return 1
}

# MODE DEPTH MS LINES
__rehearse_obey() {
	local __rehearse_each __rehearse_off=$(($3 - ${EPOCHREALTIME/[.,]/} / 1000))
	__rehearse_mode=$1 __rehearse_depth=$2 __rehearse_breaks=()
	for __rehearse_each in ${4//,/ }; do __rehearse_breaks[$__rehearse_each]=1; done
	((__rehearse_off > -1000 && __rehearse_off < 1000)) || date --set="@$(($3 / 1000))" >/dev/null
}

# What is run in the script's scope finds $? as the script would, and leaves it here.
__rehearse_again() { return "$__rehearse_status"; }
__rehearse_evaluated() {
	local __rehearse_ended=$?
	local -
	set +a
	__rehearse_answer=$__rehearse_ended
}

__rehearse_variables() {
	local __rehearse_all=("$@") __rehearse_each __rehearse_names __rehearse_ended=0
	compgen -v >|"$__rehearse_scratch"
	mapfile -t __rehearse_names <"$__rehearse_scratch"
	for __rehearse_each in "${__rehearse_names[@]}"; do
		(($#)) || [[ -n ${__rehearse_known[$__rehearse_each]-} || $__rehearse_each == __rehearse_* ]] ||
			__rehearse_all+=("$__rehearse_each")
	done
	: >|"$__rehearse_scratch"
	((${#__rehearse_all[@]} == 0)) || declare -p -- "${__rehearse_all[@]}" >|"$__rehearse_scratch" 2>&1 || __rehearse_ended=1
	__rehearse_read "$__rehearse_scratch" 0
	__rehearse_send answer "$__rehearse_ended" "$__rehearse_text"
}

# No trace of any of this from here on.
__rehearse_leave() {
	shopt -u extdebug
	[[ -z $__rehearse_own_option ]] || set -E
	trap - DEBUG
	[[ -n $__rehearse_own_trap ]] || trap - ERR
}

# The trap for failures. The script stops within it, where it can be told apart from everything else.
__rehearse_failed() { :; }

trap '{ __rehearse_failed "$_"; } 2>/dev/null' ERR
trap 'while { __rehearse_stop "${__rehearse_argument-$_}"; } 2>/dev/null; do eval "$__rehearse_eval" || ! :; done' DEBUG
