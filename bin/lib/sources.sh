# shellcheck shell=sh
# Where apt gets its packages from, read from its own configuration, so that a mirror of the house stays in use.

# configured_sources FILE…: for each suite of binary packages with the component main a line of URI, suite and keyring,
# with tabs between them. Reads both forms of sources.list(5); a keyring that is in the file itself is `embedded`,
# none is `-`.
configured_sources() {
	awk '
		function reset() { types = uris = suites = components = signed = field = ""; enabled = "yes" }
		function emit(  i, n, suite, uri) {
			if (enabled != "no" && (" " types " ") ~ / deb / && (" " components " ") ~ / main /) {
				split(uris, uri, " ")
				n = split(suites, suite, " ")
				if (signed ~ / /) signed = "embedded"
				for (i = 1; i <= n; i++) print uri[1] "\t" suite[i] "\t" (signed == "" ? "-" : signed)
			}
			reset()
		}
		function add(name, value) {
			if (name == "types") types = types " " value
			else if (name == "uris") uris = uris " " value
			else if (name == "suites") suites = suites " " value
			else if (name == "components") components = components " " value
			else if (name == "signed-by") signed = signed (signed == "" ? "" : " ") value
			else if (name == "enabled") enabled = tolower(value)
		}
		FNR == 1 { emit() }
		/^[ \t]*#/ { next }
		FILENAME ~ /\.sources$/ {
			if ($0 ~ /^[ \t]*$/) { emit(); next }
			if ($0 !~ /^[ \t]/) {
				field = tolower(substr($0, 1, index($0, ":") - 1))
				$0 = substr($0, index($0, ":") + 1)
			}
			sub(/^[ \t]+/, ""); sub(/[ \t]+$/, "")
			if ($0 != "") add(field, $0)
			next
		}
		$1 == "deb" {
			emit()
			types = "deb"
			line = $0
			if (match(line, /\[[^]]*\]/)) {
				options = substr(line, RSTART + 1, RLENGTH - 2)
				line = substr(line, 1, RSTART - 1) substr(line, RSTART + RLENGTH)
				n = split(options, option, " ")
				for (i = 1; i <= n; i++) if (option[i] ~ /^signed-by=/) signed = substr(option[i], 11)
			}
			n = split(line, word, " ")
			uris = word[2]; suites = word[3]
			for (i = 4; i <= n && word[i] !~ /^#/; i++) components = components " " word[i]
			emit()
		}
		BEGIN { reset() }
		END { emit() }
	' "$@"
}

# suite_stanza RELEASE SUITE, with lines of configured_sources on stdin: the deb822 stanza that adds the suite from
# where the release comes from. Nothing when the suite is there; status 1 when the release is not.
suite_stanza() {
	awk -F '\t' -v release="$1" -v suite="$2" '
		$2 == suite { present = 1 }
		$2 == release && uri == "" { uri = $1; keyring = $3 }
		END {
			if (present) exit 0
			if (uri == "") exit 1
			if (keyring == "embedded") keyring = "/usr/share/keyrings/debian-archive-keyring.gpg"
			printf "Types: deb\nURIs: %s\nSuites: %s\nComponents: main\n", uri, suite
			if (keyring != "-") printf "Signed-By: %s\n", keyring
		}
	'
}

# add_suite SUITE: makes apt know the suite. Status 0 when a file was added, 1 when it was there already.
add_suite() {
	list='' parts=''
	eval "$(apt-config shell list Dir::Etc::sourcelist/f parts Dir::Etc::sourceparts/d)"
	set -- "$1" "$list" "$parts"/*.list "$parts"/*.sources
	suite=$1
	shift
	for file; do
		shift
		[ ! -r "$file" ] || set -- "$@" "$file"
	done
	[ $# -gt 0 ] || die 3 'apt has no sources' 'see sources.list(5)'
	stanza=$(configured_sources "$@" | suite_stanza "${suite%-backports}" "$suite") ||
		die 3 "apt has no source of ${suite%-backports} to take the mirror of $suite from" 'see sources.list(5)'
	[ -n "$stanza" ] || return 1
	inform "adding $suite to apt: ${parts%/}/rehearse-backports.sources"
	printf '# Added by bin/setup of rehearse: QEMU of Debian 12 itself is too old.\n%s\n' "$stanza" \
		>"${parts%/}/rehearse-backports.sources" || die 3 "${parts%/} cannot be written to"
}
