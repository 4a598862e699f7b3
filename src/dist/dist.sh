#!/bin/sh
# dist.sh VERSION: writes $BUILD/dist/tlsoff-VERSION.tar.gz, the same bytes
# each time: the last commit, or the tree itself where it is a release.
set -eu
export LC_ALL=C TZ=UTC
name=tlsoff-$1
build=${BUILD:-build}
mkdir -p "$build"
build=$(cd "$build" && pwd)
dist=$build/dist
tree=$dist/$name

# git obeys no repository of somebody else's.
if [ -e .git ] && ! why=$(git rev-parse HEAD 2>&1); then
	case $why in
	*dubious*) why="it belongs to $(stat -c %U .), and you are $(id -un);
be $(stat -c %U .), or: git config --global --add safe.directory $PWD" ;;
	esac
	echo "dist: git cannot read $PWD:" $why >&2
	exit 1
fi
rm -rf "$tree"
mkdir -p "$tree"
if [ -e .git ]; then
	git archive HEAD | tar -xf - -C "$tree"
	time=$(git log -1 --format=%ct)
	dirty=$(git status --porcelain --untracked-files=no)
	[ -z "$dirty" ] || echo 'dist: what is not committed is left out' >&2
else
	# Each file of a release has the time of its commit.
	time=$(stat -c %Y README.md)
	tar -cf - --exclude=./build --exclude="./${build#"$PWD"/}" . |
	    tar -xf - -C "$tree"
fi
tar -C "$dist" --format=ustar --sort=name --mtime="@$time" --owner=0 --group=0 \
    --numeric-owner --mode=u+rw,go=u-w -cf - "$name" |
    gzip -9n >"$dist/$name.tar.gz.new"
mv "$dist/$name.tar.gz.new" "$dist/$name.tar.gz"
rm -rf "$tree"
echo "$dist/$name.tar.gz"
