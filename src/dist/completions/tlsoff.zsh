#compdef tlsoff
# Completion of tlsoff for zsh.  Verbs are those of "tlsoff --help", a verb's
# options and their values those of "tlsoff VERB --help", hosts those of "tlsoff
# list".
#
# Strangers write keys of the access file, so nothing that was read or typed is
# ever evaluated: not by _call_program, nor in a specification for _arguments.

# As it was typed, without its quotes.
_tlsoff_run() { command "${(Q)words[1]}" "$@" 2>/dev/null }

_tlsoff_verb_names() {
	_tlsoff_run --help |
	    sed -n 's/^.* tlsoff \[options\] \([a-z][a-z]*\).*/\1/p'
}

# "VERB;SHORT;LONG;ARGUMENT;TEXT" of each option of each verb.
_tlsoff_helps() {
	local verb
	for verb in ${(f)"$(_tlsoff_verb_names)"}; do
		_tlsoff_run $verb --help | sed -n \
		    "s/^  \(-[A-Za-z]\)*,* *\(--[a-z-]*\) \{0,1\}\([A-Za-z:|]*\) *\(.*\)$/$verb;\1;\2;\3;\4/p"
	done
}

# The first word before the cursor that is no option, nor the argument of one.
_tlsoff_typed() {
	local word
	integer i
	for ((i = 2; i < CURRENT; i++)); do
		word=${(Q)words[i]}
		if [[ $word != -* ]]; then
			typed=$word
			return
		elif [[ ${takes[(Ie)$word]} -gt 0 ]]; then
			((i++))
		fi
	done
}

# One specification for _arguments of each option, hidden where the verb that is
# typed has it not; of their values letters alone.
_tlsoff_options() {
	local verb short long argument text value typed hidden
	local -a helps takes seen
	helps=(${(f)"$(_tlsoff_helps)"})
	printf '%s\n' $helps | while IFS=';' read -r verb short long argument text; do
		[[ -z $argument ]] || takes+=($short $long)
	done
	_tlsoff_typed
	[[ -n ${(M)helps:#"$typed;"*} ]] || typed=
	printf '%s\n' $helps | while IFS=';' read -r verb short long argument text; do
		[[ ${seen[(Ie)$long]} -eq 0 ]] || continue
		seen+=($long) hidden=
		[[ -z $typed || -n ${(M)helps:#"$typed;"*";$long;"*} ]] || hidden='!'
		case $argument in
		'') value= ;;
		FILE|PATH) value=":$argument:_files" ;;
		NAME|MODE|WHEN)
			value=":$argument:(${${${text##*: }//\(*\)/}//[^a-z ]/})" ;;
		*'|'*) value=":values:(${argument//[^a-z]/ })" ;;
		*) value=":${argument//:/\\:}: " ;;
		esac
		text="[${${${text//\\/}//\[/\\[}//\]/\\]}]"
		[[ -z $short ]] || options+=("$hidden$short${value:++}$text$value")
		options+=("$hidden$long${value:+=}$text$value")
	done
}

_tlsoff_verbs() {
	local -a verbs
	verbs=(${(f)"$(_tlsoff_verb_names)"})
	_describe -t commands verb verbs
}

# Those that have an entry in the file the command line speaks of: names,
# addresses and nets; any other key is left out.
_tlsoff_hosts() {
	local -a hosts files match mbegin mend
	local option value group='[0-9A-Fa-f]{0,4}'
	local name='[0-9A-Za-z_][0-9A-Za-z_-]*(\.[0-9A-Za-z_-]+)*'
	for option in -C --config -f --access -m --map; do
		(( $+opt_args[$option] )) || continue
		# As it was typed, with a backslash before ":" and backslash.
		value=${opt_args[$option]//(#b)\\(?)/$match[1]}
		files+=($option "${(Q)value}")
	done
	hosts=(${(f)"$(_tlsoff_run "${files[@]}" list $1 | LC_ALL=C sed -nE \
	    -e "s/^[0-9]+ +[^ :]*:($name) .*/\1/p" \
	    -e "s/^[0-9]+ +[^ :]*:([Ii][Pp][Vv]6:)?($group(:$group){1,7}) .*/\2/p")"})
	_wanted hosts expl host compadd -a hosts
}

_tlsoff() {
	local curcontext=$curcontext state expl
	local -a line options
	local -A opt_args
	_tlsoff_options
	_arguments -C -s -S $options '1: :_tlsoff_verbs' '*: :->word' && return
	[[ $state == word ]] || return
	case $#line:$line[1] in
	2:help) _tlsoff_verbs ;;
	*:(scan|apply)) _files ;;
	2:(remove|explain|list)) _wanted roles expl role compadd client server ;;
	*:review) _tlsoff_hosts client ;;
	*:(client|server)) _tlsoff_hosts $line[1] ;;
	*:remove|3:explain) _tlsoff_hosts $line[2] ;;
	esac
}

_tlsoff "$@"
