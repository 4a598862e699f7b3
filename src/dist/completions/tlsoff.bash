# Completion of tlsoff for bash, with bash-completion.  Verbs are those of
# "tlsoff --help", options and their values those of "tlsoff VERB --help", hosts
# those of "tlsoff list".

# SHORT;LONG;ARGUMENT;TEXT of each option.
_tlsoff_options()
{
	local verb
	for verb in $(_tlsoff_verbs); do
		"${words[0]}" "$verb" --help 2>/dev/null
	done | sed -n \
	    's/^  \(-.\)*,* *\(--[a-z-]*\) \{0,1\}\([^ ]*\) *\(.*\)$/\1;\2;\3;\4/p' |
	    sort -u
}

_tlsoff_verbs()
{
	"${words[0]}" --help 2>/dev/null |
	    sed -n 's/^.* tlsoff \[options\] \([a-z]*\).*/\1/p'
}

_tlsoff_hosts()
{
	"${words[0]}" "${files[@]}" list "$1" 2>/dev/null | sed -n \
	    's/^[0-9][0-9]*  *[^ :]*:\([Ii][Pp][Vv]6:\)*\([^ ][^ ]*\) .*/\2/p'
}

_tlsoff_reply() { mapfile -t COMPREPLY < <(compgen "$@" -- "$cur"); }

_tlsoff_files()
{
	compopt -o filenames
	_tlsoff_reply -f
}

# The values of option $1; false where it takes none.
_tlsoff_value()
{
	local short long argument text
	while IFS=';' read -r short long argument text; do
		[[ -n $argument && ($1 == "$short" || $1 == "$long") ]] || continue
		case $argument in
		FILE | PATH) _tlsoff_files ;;
		NAME | MODE) text=${text##*: }; _tlsoff_reply -W "${text//,/}" ;;
		*'|'*) _tlsoff_reply -W "${argument//|/ }" ;;
		esac
		return 0
	done <<<"$options"
	return 1
}

# The words before the cursor that are no options, to plain; the options that
# say which file is meant, to files.  Words come as they were typed.
_tlsoff_sort()
{
	local i word
	for ((i = 1; i < cword; i++)); do
		word=${words[i]//[\\\"\']/}
		case $word in
		--config=* | --access=* | --map=* | -[Cfm]?*) files+=("$word") ;;
		-C | -f | -m | --config | --access | --map)
			files+=("$word" "${words[++i]//[\\\"\']/}") ;;
		-?*) if _tlsoff_value "$word"; then ((++i)); fi ;;
		*) plain+=("$word") ;;
		esac
	done
	COMPREPLY=()
}

_tlsoff_word()
{
	case ${#plain[@]}:${plain[0]-} in
	0:) _tlsoff_reply -W "$(_tlsoff_verbs)" ;;
	*:scan) _tlsoff_files ;;
	1:remove | 1:explain | 1:list) _tlsoff_reply -W 'client server' ;;
	*:review) _tlsoff_reply -W "$(_tlsoff_hosts client)" ;;
	*:client | *:server) _tlsoff_reply -W "$(_tlsoff_hosts "${plain[0]}")" ;;
	*:remove | 2:explain) _tlsoff_reply -W "$(_tlsoff_hosts "${plain[1]}")" ;;
	esac
}

_tlsoff()
{
	local cur prev words cword options plain=() files=()
	_get_comp_words_by_ref -n := cur prev words cword || return
	options=$(_tlsoff_options)
	_tlsoff_sort
	if [[ $cur == --*=* ]]; then
		prev=${cur%%=*} cur=${cur#*=}
		_tlsoff_value "$prev" || :
	elif [[ $prev == -* ]] && _tlsoff_value "$prev"; then
		:
	elif [[ $cur == -* ]]; then
		_tlsoff_reply -W "$(tr ';' '\n' <<<"$options" | grep '^-')"
	else
		_tlsoff_word
	fi
	__ltrim_colon_completions "$cur"
} && complete -F _tlsoff tlsoff
