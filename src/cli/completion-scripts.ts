/**
 * What makes shells complete the words of a command line. Each asks `rehearse complete -- WORDS…`, whose lines have a word
 * and, behind a tab, what it is; where there is none it offers files. The words are passed as they are, never evaluated.
 */

const bash = `# Completion of rehearse for bash: source <(rehearse completion bash)
_rehearse() {
	local program=$1 line
	[[ $program != '~/'* ]] || program=$HOME/\${program:2}
	# bash takes = and : for words of their own.
	local -a words=()
	local word glue=
	for word in "\${COMP_WORDS[@]:1:COMP_CWORD}"; do
		if [[ $word == [=:] && \${#words[@]} -gt 0 ]]; then
			words[-1]+=$word glue=yes
		elif [[ $glue ]]; then
			words[-1]+=$word glue=
		else
			words+=("$word")
		fi
	done
	# What was typed before the part that bash completes.
	local typed=\${words[-1]-} current=\${COMP_WORDS[COMP_CWORD]}
	[[ $current != [=:] ]] || current=
	local done=\${typed%"$current"}
	COMPREPLY=()
	while IFS= read -r line; do
		line=\${line%%$'\\t'*}
		COMPREPLY+=("\${line#"$done"}")
	done < <("$program" complete -- "\${words[@]}" 2>/dev/null)
	[[ \${#COMPREPLY[@]} -ne 1 || \${COMPREPLY[0]} != *[=:] ]] || compopt -o nospace
}
complete -o bashdefault -o default -F _rehearse rehearse
`;

const zsh = `#compdef rehearse
# Completion of rehearse for zsh: source <(rehearse completion zsh), or as the file _rehearse in a directory of $fpath
_rehearse() {
	local -a found
	local line
	while IFS= read -r line; do
		found+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
	done < <("\${(Q)words[1]/#\\~/$HOME}" complete -- "\${(@Q)words[2,CURRENT-1]}" "\${(Q)PREFIX}" 2>/dev/null)
	if (( $#found )); then
		_describe rehearse found
	else
		_files
	fi
}
if [[ \${funcstack[1]} == _rehearse ]]; then
	_rehearse "$@"
else
	compdef _rehearse rehearse
fi
`;

const fish = `# Completion of rehearse for fish: rehearse completion fish >~/.config/fish/completions/rehearse.fish
function __rehearse_candidates
	set -l words (commandline -opc)
	set -l typed (commandline -ct)
	set -l found (command $words[1] complete -- $words[2..-1] "$typed" 2>/dev/null)
	if set -q found[1]
		printf '%s\\n' $found
	else
		__fish_complete_path "$typed"
	end
end
complete -c rehearse -f -a '(__rehearse_candidates)'
`;

/** The scripts by the names of their shells. */
export const completionScripts = { bash, zsh, fish } as const;
