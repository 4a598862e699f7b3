#!/bin/sh
# distcheck.sh VERSION: whether the release of "make dist" builds, is
# tested, installed and uninstalled without the repository.  TESTS in the
# environment: those only.
set -eu
unset MAKEFLAGS MAKELEVEL MFLAGS MAKEOVERRIDES MAKEMAP TLSOFF PROVE
build=$(cd "${BUILD:-build}" && pwd)
make=${MAKE:-make}
name=tlsoff-$1
work=$build/distcheck
root=$work/root

rm -rf "$work"
mkdir -p "$work/$name/build" "$root"
gzip -dc "$build/dist/$name.tar.gz" | tar -xf - -C "$work"
# Not fetched again: tests/setup made it from the distribution's packages.
[ ! -d "$build/sendmail" ] || cp -a "$build/sendmail/." \
    "$work/$name/build/sendmail"
cd "$work/$name"
unset BUILD

"$make" check TESTS="${TESTS-}"
"$make" DESTDIR="$root" PREFIX=/usr install
"$root/usr/sbin/tlsoff" --version
"$make" DESTDIR="$root" PREFIX=/usr uninstall
left=$(find "$root" ! -type d)
[ -z "$left" ] || { echo "distcheck: uninstall left $left" >&2; exit 1; }
"$make" clean
"$make" dist
cmp "build/dist/$name.tar.gz" "$build/dist/$name.tar.gz"
cd "$build"
rm -rf "$work"
echo "distcheck: $name.tar.gz is good"
