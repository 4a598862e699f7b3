#!/bin/sh
# deb.sh VERSION: builds the Debian package from the release of "make dist";
# what it makes goes to $BUILD/deb.
set -eu
unset MAKEFLAGS MAKELEVEL MFLAGS MAKEOVERRIDES
build=$(cd "${BUILD:-build}" && pwd)
deb=$build/deb
release=$build/dist/tlsoff-$1.tar.gz

rm -rf "$deb"
mkdir -p "$deb"
cp "$release" "$deb/tlsoff_$1.orig.tar.gz"
gzip -dc "$release" | tar -xf - -C "$deb"
cd "$deb/tlsoff-$1"
unset BUILD
cp -R src/dist/debian .
awk -v form=deb -f src/dist/changelog.awk src/dist/CHANGELOG.md \
    >debian/changelog
dpkg-buildpackage -us -uc >../build.log 2>&1 ||
    { tail -n 40 ../build.log >&2; exit 1; }
cd ..
rm -rf "tlsoff-$1"
ls "$deb"/*.deb
