#!/bin/sh
# rules.sh BUILD WITH_DB: writes BUILD/rules.mk, one explicit rule for each
# source.  WITH_DB=no leaves out what needs libdb.
set -eu
build=$1 with_db=${2-yes}
mkdir -p "$build"
out=$build/rules.mk
# Another make may be starting in the same tree.
new=$out.$$
exec >"$new"

is_wanted() {
	case $with_db$1 in
	no*/libdb.c|no*/build_libdb.c|no*/build_patch.c) return 1 ;;
	notests/unit/map*.c|notests/unit/apart*.c|notests/unit/update*.c) return 1 ;;
	notests/unit/patch.c|notests/unit/kinds.c) return 1 ;;
	no*) return 0 ;;
	*/without_libdb.c) return 1 ;;
	esac
}

# First of all: a make reads the prerequisites of a rule when it meets it.
objects= unit=
for c in src/*/*.c; do
	if [ "$c" != src/cli/main.c ] && is_wanted "$c"; then
		objects="$objects $build/${c%.c}.o"
	fi
done
printf 'OBJECTS =%s\n' "$objects"
for c in src/*/*.c tests/unit/*.c; do
	is_wanted "$c" || continue
	o=$build/${c%.c}.o
	mkdir -p "${o%/*}"
	printf '%s: %s\n\t$(COMPILE) -MMD -c -o $@ %s\n' "$o" "$c" "$c"
	if [ -f "${o%.o}.d" ]; then cat "${o%.o}.d"; fi
	case $c in
	tests/unit/*)
		t=$build/unit/$(basename "$c" .c).t
		mkdir -p "${t%/*}"
		unit="$unit $t"
		printf '%s: %s $(OBJECTS)\n' "$t" "$o"
		printf '\t$(LINK) -o $@ %s $(OBJECTS) $(LIBS) -lcmocka\n' "$o"
		;;
	esac
done
printf 'UNIT_TESTS =%s\n' "$unit"
# Only a changed file is a newer file.
if cmp -s "$new" "$out"; then rm "$new"; else mv "$new" "$out"; fi
