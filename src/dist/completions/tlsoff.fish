# Completion of tlsoff for fish.  Verbs are those of "tlsoff --help", a verb's
# options and their values those of "tlsoff VERB --help", hosts those of "tlsoff
# list".
#
# Strangers write keys of the access file, so nothing that was read or typed is
# ever evaluated: a list given to "complete -a" would be, and has letters alone.

complete -c tlsoff -f

# It may be typed behind sudo, by a user who has no sbin in PATH.
function __tlsoff
	set -lx PATH $PATH /usr/local/sbin /usr/sbin
	type -q tlsoff; and command tlsoff $argv 2>/dev/null
end

# The words before the cursor that are no options; those that say which file is
# meant, with their arguments, for "-F".
function __tlsoff_words
	set -l files
	set -l plain
	set -l take
	for word in (commandline -opc)[2..-1]
		switch "$take:$word"
			case 'file:*'
				set -a files $word
				set take
			case 'skip:*'
				set take
			case ':--config=*' ':--access=*' ':--map=*' ':-[Cfm]?*'
				set -a files $word
			case ':-C' ':-f' ':-m' ':--config' ':--access' ':--map'
				set -a files $word
				set take file
			case ':-*'
				if contains -- $word $__tlsoff_with_argument
					set take skip
				end
			case '*'
				set -a plain $word
		end
	end
	if test "$argv[1]" = -F
		set plain $files
	end
	set -q plain[1]; and printf '%s\n' $plain
end

# Names, addresses and nets that can be hosts; any other key is left out.
function __tlsoff_hosts
	set -l name '[0-9A-Za-z_][0-9A-Za-z_-]*(?:\.[0-9A-Za-z_-]+)*'
	set -l group '[0-9A-Fa-f]{0,4}'
	__tlsoff (__tlsoff_words -F) list $argv[1] | string match -rg \
		"^\d+ +[^ :]*:(?|($name)|(?i:ipv6:)?($group(?::$group){1,7})) "
end

function __tlsoff_verbs
	__tlsoff --help | string match -rg ' tlsoff \[options\] ([a-z]+)' | uniq
end

# "VERB LINE" of the help of each verb.
function __tlsoff_helps
	for verb in (__tlsoff_verbs)
		__tlsoff $verb --help | string replace -r '^' "$verb "
	end
end

# Has the verb that is typed this option?  True where none is.
function __tlsoff_has
	set -l words (__tlsoff_words)
	not string match -q "$words[1] *" -- $__tlsoff_has
	or contains -- "$words[1] $argv[1]" $__tlsoff_has
end

function __tlsoff_complete
	set -l words (__tlsoff_words)
	switch (count $words):"$words[1]"
		case '0:'
			__tlsoff_verbs
		case '1:help'
			__tlsoff_verbs
		case '*:scan' '*:apply'
			__fish_complete_path (commandline -ct)
		case 1:remove 1:explain 1:list
			printf '%s\n' client server
		case '*:review'
			__tlsoff_hosts client
		case '*:client' '*:server'
			__tlsoff_hosts $words[1]
		case '*:remove' 2:explain
			__tlsoff_hosts $words[2]
	end
end

complete -c tlsoff -a '(__tlsoff_complete)'

set -g __tlsoff_with_argument
set -g __tlsoff_has # "VERB OPTION"
set -l longs
__tlsoff_helps | while read -l line
	string match -rq '^(?<verb>[a-z]+) +(?:-(?<short>[A-Za-z]), )?--(?<long>[a-z-]+)(?: (?<argument>[A-Za-z:|]+))? *(?<text>.*)$' -- $line
	or continue
	set -a __tlsoff_has "$verb $long"
	contains -- $long $longs; and continue
	set -a longs $long
	set -l known -c tlsoff -n "__tlsoff_has $long" -l $long -d "$text"
	if test -n "$short"
		set -a known -s $short
	end
	if test -n "$argument"
		set -a known -x
		set -a __tlsoff_with_argument --$long -$short
	end
	switch "$argument"
		case FILE PATH
			set -a known -a '(__fish_complete_path (commandline -ct))'
		case NAME MODE WHEN
			set -a known -a (string replace -r '.*: ' '' -- $text | string replace -r '\(.*\)' '' | string replace -ar '[^a-z ]' '')
		case '*|*'
			set -a known -a (string replace -ar '[^a-z]' ' ' -- $argument)
	end
	complete $known
end
