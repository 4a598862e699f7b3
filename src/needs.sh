#!/bin/sh
# needs.sh WITH_DB CC OPTION...: whether the compiler is there, and the headers of the
# libraries: the first step of a build, which says in a line what is missing.
set -eu
with_db=$1
shift

die() { printf 'tlsoff: %s\n' "$*" >&2; exit 1; }
demo='or run make demo, which does'

compiles() {
	header=$1
	shift
	echo "#include <$header>" | "$@" -DPCRE2_CODE_UNIT_WIDTH=8 -E -x c - \
	    >/dev/null 2>&1
}

command -v "$1" >/dev/null ||
    die "not found: $1; install gcc and libc6-dev, $demo"
said=$(echo | "$@" -E -x c - 2>&1 >/dev/null) ||
    die "the compiler fails: $* -E: $said"
compiles stdio.h "$@" ||
    die "not found: stdio.h; install libc6-dev, $demo"
files= packages=
if [ "$with_db" != no ] && ! compiles db.h "$@"; then
	files=' db.h' packages=' libdb-dev (or make WITH_DB=no)'
fi
if ! compiles pcre2.h "$@"; then
	files="$files pcre2.h" packages="$packages libpcre2-dev"
fi
[ -z "$files" ] || die "not found:$files; install$packages, $demo"
