#!/bin/sh
# rules.sh BUILD: writes BUILD/rules.mk, one explicit rule for each source.
set -eu
build=$1
mkdir -p "$build"
out=$build/rules.mk
# Another make may be starting in the same tree.
new=$out.$$
exec >"$new"

# First of all: a make reads the prerequisites of a rule when it meets it.
objects= unit=
for c in src/*/*.c; do
	[ "$c" = src/cli/main.c ] || objects="$objects $build/${c%.c}.o"
done
printf 'OBJECTS =%s\n' "$objects"
for c in src/*/*.c tests/unit/*.c; do
	[ -f "$c" ] || continue
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
