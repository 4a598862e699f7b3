#!/bin/sh
# rules.sh 'BUILD' "BUILD" WITH_DB: writes BUILD/rules.mk, one explicit rule for
# each source and the version that CHANGELOG.md begins with, and prints the
# directory that rules.mk is in, with a slash.  WITH_DB=no leaves out what needs
# libdb.
#
# Where it cannot, it says why and prints "src/no-", for src/no-rules.mk.
set -eu
export LC_ALL=C

refuse() {
	printf 'tlsoff: %s\n' "$*" >&2
	echo src/no-
	exit 0
}

# Bytes that make or sh would take for something else, or split at, and those
# that m4 and sendmail.cf do.  Others than ASCII's stand for themselves.
odd_bytes() { printf %s "$1" | tr -d 'A-Za-z0-9/._+@\200-\377-'; printf x; }
is_plain() {
	case $1 in -*) return 1 ;; esac
	[ "$(odd_bytes "$1")" = x ]
}
plain='use letters, digits and any of / . _ - + @ only'
# Quoted in two ways, so that quotes in it are seen.
if [ "$1" != "$2" ] || ! is_plain "$1"; then
	refuse "BUILD is \"$2\", which make and sh cannot take; $plain"
fi
[ -n "$1" ] || refuse 'BUILD is empty; name a directory, or leave it out'
for here in "$PWD" "$(pwd -P)"; do
	is_plain "$here" ||
	    refuse "make and sh cannot take the path \"$here\"; move the tree: $plain"
done

build=$1 with_db=$3
mkdir -p "$build" 2>/dev/null && [ -w "$build" ] ||
    refuse "cannot write to $build; build elsewhere: make BUILD=/DIRECTORY"
out=$build/rules.mk
# Another make may be starting in the same tree.
new=$out.$$
exec 3>&1 >"$new"

is_wanted() {
	case $with_db$1 in
	no*/libdb*.c) return 1 ;;
	notests/unit/map-makemap-child.c|notests/unit/map-safe.c) return 0 ;;
	notests/unit/map-*.c) return 1 ;;
	notests/unit/update-commit.c|notests/unit/update-fails.c) return 1 ;;
	notests/unit/update-make.c|notests/unit/update-surroundings.c) return 1 ;;
	notests/unit/update-waits.c) return 1 ;;
	no*) return 0 ;;
	esac
}

# objects_of ROOM...: their objects, but main's.
objects_of() {
	for room; do
		for c in src/"$room"/*.c; do
			if [ "$c" != src/cli/main.c ] && is_wanted "$c"; then
				printf ' %s' "$build/${c%.c}.o"
			fi
		done
	done
}

# First of all: a make reads the prerequisites of a rule when it meets it.
unit=
printf 'OBJECTS =%s\n' "$(objects_of access base cli maillog map site update)"
# A room and those it may use: a test of it, tests/unit/ROOM-WHAT.c, links no
# other, or it would not be seen when the room began to.
printf 'OBJECTS_OF_base =%s\n' "$(objects_of base)"
printf 'OBJECTS_OF_access =%s\n' "$(objects_of access base)"
printf 'OBJECTS_OF_maillog =%s\n' "$(objects_of maillog base)"
printf 'OBJECTS_OF_site =%s\n' "$(objects_of site base)"
printf 'OBJECTS_OF_map =%s\n' "$(objects_of map access site base)"
printf 'OBJECTS_OF_update =%s\n' "$(objects_of update map access site base)"
echo 'OBJECTS_OF_cli = $(OBJECTS)'
version=$(sed -n '/^## /{s/^## \([0-9.]*\).*/\1/p;q;}' src/dist/CHANGELOG.md)
printf 'VERSION = %s\n' "$version"
# The resolver is a library of its own before version 2.34 of glibc.
case $(getconf GNU_LIBC_VERSION 2>/dev/null) in
'glibc 2.'[0-9] | 'glibc 2.'[12][0-9] | 'glibc 2.3'[0-3]) echo 'RESOLVER = -lresolv' ;;
*) echo 'RESOLVER =' ;;
esac
for c in src/*/*.c tests/unit/*.c; do
	is_wanted "$c" || continue
	o=$build/${c%.c}.o
	mkdir -p "${o%/*}"
	case $c in
	tests/unit/*) where=" -DTEST_BUILD='\"$build\"'" ;;
	src/cli/verbs.c)
		where=" -DVERSION='\"$version\"'"
		printf '%s: src/dist/CHANGELOG.md\n' "$o"
		;;
	*) where= ;;
	esac
	printf '%s: %s $(NEEDS)\n\t$(SAY) CC %s\n' "$o" "$c" "$c"
	printf '\t$(QUIET)$(COMPILE)%s -MMD -MP -c -o $@ %s\n' "$where" "$c"
	if [ -f "${o%.o}.d" ]; then cat "${o%.o}.d"; fi
	case $c in
	tests/unit/*)
		t=$build/unit/$(basename "$c" .c).t
		room=${c#tests/unit/} room=${room%%-*}
		mkdir -p "${t%/*}"
		unit="$unit $t"
		printf '%s: %s $(OBJECTS_OF_%s)\n\t$(SAY) LD %s\n' "$t" "$o" "$room" "$t"
		printf '\t$(QUIET)$(LINK) -o $@ %s $(OBJECTS_OF_%s) $(LIBS) -lcmocka\n' "$o" "$room"
		;;
	esac
done
printf 'UNIT_TESTS =%s\n' "$unit"
# Only a changed file is a newer file.
if cmp -s "$new" "$out"; then rm "$new"; else mv "$new" "$out"; fi
echo "$build/" >&3
