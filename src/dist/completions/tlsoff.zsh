#compdef tlsoff
# Completion of tlsoff for zsh.  Verbs are those of "tlsoff --help", options and
# their values those of "tlsoff VERB --help", hosts those of "tlsoff list".

_tlsoff_help() { _call_program help $words[1] $1 --help 2>/dev/null }

_tlsoff_verb_names() {
	_tlsoff_help | sed -n 's/^.* tlsoff \[options\] \([a-z]*\).*/\1/p'
}

# One specification for _arguments of each option.
_tlsoff_options() {
	local short long argument text value verb
	for verb in ${(f)"$(_tlsoff_verb_names)"}; do
		_tlsoff_help $verb
	done | sed -n \
	    's/^  \(-.\)*,* *\(--[a-z-]*\) \{0,1\}\([^ ]*\) *\(.*\)$/\1;\2;\3;\4/p' |
	    sort -u |
	while IFS=';' read -r short long argument text; do
		case $argument in
		'') value= ;;
		FILE|PATH) value=":$argument:_files" ;;
		NAME|MODE) value=":$argument:(${${text##*: }//,/})" ;;
		*'|'*) value=":$argument:(${argument//|/ })" ;;
		*) value=":${argument//:/\\:}: " ;;
		esac
		text="[${${text//\[/\\[}//\]/\\]}]"
		[[ -z $short ]] || options+=("$short${value:++}$text$value")
		options+=("$long${value:+=}$text$value")
	done
}

_tlsoff_verbs() {
	local -a verbs
	verbs=(${(f)"$(_tlsoff_verb_names)"})
	_describe -t commands verb verbs
}

# The hosts that have an entry in the file the command line speaks of.
_tlsoff_hosts() {
	local -a hosts files
	local option
	for option in -C --config -f --access -m --map; do
		(( ! $+opt_args[$option] )) ||
		    files+=($option ${(Q)opt_args[$option]//\\:/:})
	done
	hosts=(${(f)"$(_call_program hosts $words[1] $files list $1 2>/dev/null |
	    sed -n 's/^[0-9][0-9]*  *[^ :]*:\([Ii][Pp][Vv]6:\)*\([^ ][^ ]*\) .*/\2/p')"})
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
	*:scan) _files ;;
	2:(remove|explain|list)) _wanted roles expl role compadd client server ;;
	*:review) _tlsoff_hosts client ;;
	*:(client|server)) _tlsoff_hosts $line[1] ;;
	*:remove|3:explain) _tlsoff_hosts $line[2] ;;
	esac
}

_tlsoff "$@"
