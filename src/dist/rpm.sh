#!/bin/sh
# rpm.sh VERSION: builds the RPM packages, source and binary, from the release
# of "make dist"; what it makes goes to $BUILD/rpm.
set -eu
unset MAKEFLAGS MAKELEVEL MFLAGS MAKEOVERRIDES
export LC_ALL=C
build=$(cd "${BUILD:-build}" && pwd)
rpm=$build/rpm
release=$build/dist/tlsoff-$1.tar.gz

rm -rf "$rpm"
mkdir -p "$rpm/SOURCES" "$rpm/SPECS"
cp "$release" "$rpm/SOURCES"
gzip -dc "$release" | tar -xf - -C "$rpm" "tlsoff-$1/src/dist"
from=$rpm/tlsoff-$1/src/dist
{
	sed "s/@VERSION@/$1/" "$from/rpm/tlsoff.spec"
	awk -v form=rpm -f "$from/changelog.awk" "$from/CHANGELOG.md"
} >"$rpm/SPECS/tlsoff.spec"
rm -rf "$rpm/tlsoff-$1"
# Where other packages than RPM's are installed, as on Debian, rpmbuild has a
# database of the user's own, which knows none of them, and its scripts that
# strip and compress do not work as they are called.
case $(rpm --eval '%_dbpath') in
/usr/* | /var/*) set -- ;;
*)
	set -- --nodeps --define "_dbpath $rpm/db" \
	    --define "__os_install_post $(printf '%s; ' \
	    'bash /usr/lib/rpm/brp-compress' \
	    'strip "$RPM_BUILD_ROOT%{_sbindir}/tlsoff"')"
	;;
esac
unset BUILD
rpmbuild -ba "$@" --define "_topdir $rpm" "$rpm/SPECS/tlsoff.spec" \
    >"$rpm/build.log" 2>&1 || { tail -n 40 "$rpm/build.log" >&2; exit 1; }
rm -rf "$rpm/BUILD" "$rpm/BUILDROOT"
ls "$rpm"/RPMS/*/*.rpm "$rpm"/SRPMS/*.rpm
