# Completion of tlsoff for bash, with bash-completion.  Verbs are those of
# "tlsoff --help", a verb's options and their values those of "tlsoff VERB --help",
# hosts those of "tlsoff list".
#
# Strangers write keys of the access file, so nothing that was read or typed is
# ever expanded: "compgen -W" would run a "$(...)" in it.

# VERB;SHORT;LONG;ARGUMENT;TEXT of each option of each verb.
_tlsoff_options()
{
	local verb
	while read -r verb; do
		"${words[0]}" "$verb" --help 2>/dev/null | sed -n \
		    "s/^  \(-.\)*,* *\(--[a-z-]*\) \{0,1\}\([^ ]*\) *\(.*\)$/$verb;\1;\2;\3;\4/p"
	done < <(_tlsoff_verbs)
}

# The options of the verb that is typed; of every verb where none is.
_tlsoff_names()
{
	local verb='[a-z]*'
	if [[ ${plain[0]-} != *[^a-z]* && $'\n'$options == *$'\n'"${plain[0]-};"* ]]
	then
		verb=${plain[0]}
	fi
	sed -n "s/^$verb;\([^;]*\);\([^;]*\);.*/\1;\2/p" <<<"$options" |
	    tr ';' '\n' | grep '^--*[A-Za-z-]*$' | sort -u
}

_tlsoff_verbs()
{
	"${words[0]}" --help 2>/dev/null |
	    sed -n 's/^.* tlsoff \[options\] \([a-z][a-z]*\).*/\1/p'
}

# Names, addresses and nets that can be hosts; any other key is left out.
_tlsoff_hosts()
{
	local name='[0-9A-Za-z_][0-9A-Za-z_-]*(\.[0-9A-Za-z_-]+)*'
	local group='[0-9A-Fa-f]{0,4}'
	"${words[0]}" "${files[@]}" list "$1" 2>/dev/null | LC_ALL=C sed -nE \
	    -e "s/^[0-9]+ +[^ :]*:($name) .*/\1/p" \
	    -e "s/^[0-9]+ +[^ :]*:([Ii][Pp][Vv]6:)?($group(:$group){1,7}) .*/\2/p"
}

# Offers those of its input's lines that begin with what is typed.
_tlsoff_reply()
{
	local word
	while IFS= read -r word; do
		[[ $word != "$cur"* ]] || COMPREPLY+=("$word")
	done
}

# compgen looks into "${x[$(...)]}" for a directory's name.
_tlsoff_files()
{
	[[ $cur != *[\$\`]* ]] || return
	compopt -o filenames
	mapfile -t COMPREPLY < <(compgen -f -- "$cur")
}

# The values of option $1; false where it takes none.
_tlsoff_value()
{
	local verb short long argument text
	while IFS=';' read -r verb short long argument text; do
		[[ -n $argument && ($1 == "$short" || $1 == "$long") ]] || continue
		case $argument in
		FILE | PATH) _tlsoff_files ;;
		NAME | MODE | WHEN) _tlsoff_reply < <(sed 's/([^)]*)//' \
		    <<<"${text##*: }" | tr -d , | tr -s ' ' '\n') ;;
		*'|'*) _tlsoff_reply < <(tr '|' '\n' <<<"$argument") ;;
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
	0:) _tlsoff_reply < <(_tlsoff_verbs) ;;
	1:help) _tlsoff_reply < <(_tlsoff_verbs) ;;
	*:scan | *:apply) _tlsoff_files ;;
	1:remove | 1:explain | 1:list) _tlsoff_reply <<<$'client\nserver' ;;
	*:review) _tlsoff_reply < <(_tlsoff_hosts client) ;;
	*:client | *:server) _tlsoff_reply < <(_tlsoff_hosts "${plain[0]}") ;;
	*:remove | 2:explain) _tlsoff_reply < <(_tlsoff_hosts "${plain[1]}") ;;
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
		_tlsoff_reply < <(_tlsoff_names)
	else
		_tlsoff_word
	fi
	__ltrim_colon_completions "$cur"
} && complete -F _tlsoff tlsoff
