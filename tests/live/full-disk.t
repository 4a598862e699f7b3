#!/usr/bin/perl
# The disk becomes full while the map is built: whoever builds it, the change
# ends soon, says so, and leaves text and map as they were.  libdb waits for
# ever for a page that it cannot write to make room in its cache; so in
# most of these cases the cache is smaller than the map.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Tlsoff;
use Tlsoff::Namespace;
use Tlsoff::Site;

enter_namespace();
my $dir = '/tlsoff.test/site';
mkdir $dir;
system('mount', '-n', '-t', 'tmpfs', '-o', 'mode=755,size=64m', 'disk', $dir) == 0
    or BAIL_OUT('no disk');

my $small = script('/tlsoff.test/makemap-small', <<"END");
#!/bin/sh
# As makemap without -c on a larger map.
until [ "\$1" = hash ]; do
	[ "\$1" = -c ] && shift 2 || shift
done
exec $MAKEMAP -C $dir/sendmail.cf -c 300000 "\$@"
END
my $hosts = join '', map { "host-number-$_.subsidiary.example\n" } 1 .. 60_000;

# Leaves so many MiB of the 64.
sub fill_to {
	my ($left) = @_;
	spew("$dir/filler", 'x' x ((64 - $left) << 20));
	return;
}

# A change with less room than it needs, and then with enough.  make writes
# into the map that stands there: a copy of that, all the same, is put back.
sub try {
	my ($what, @options) = @_;
	my $see = $what eq 'make' ? sub {
		return [text(), slurp("$ACCESS.db"), names()];
	} : sub {
		return [identity($ACCESS), identity("$ACCESS.db"), names()];
	};
	my @command = ($TLSOFF, '-C', "$dir/sendmail.cf",
	    '--restart', 'none', @options, 'client', '-');

	unlink "$dir/filler";
	site("Connect:127\tRELAY\n");
	spew("$dir/Makefile", "access.db: access\n\t$small hash access <access\n");
	# The new text, and half of the new map.
	fill_to(5);
	my $before = $see->();
	my $r = run([@command], stdin => $hosts, time_limit => 60);
	is_deeply($see->(), $before, "$what: nothing changed, nothing is left");
	is($r->{status}, 74, '... exit 74') or diag($r->{err});
	like($r->{err}, qr/\Atlsoff: \Q$dir\E\/\S+: .*: No space left on device\n\z/,
	    '... says why');
	unlike($r->{err}, qr/memory/, '... and nothing else');
	is($r->{out}, '', '... and nothing is said to be done');

	unlink "$dir/filler";
	$r = run([@command], stdin => $hosts, time_limit => 40);
	is($r->{status}, 0, '... with enough room it is done') or diag($r->{err});
	is(entry('Try_TLS:host-number-60000.subsidiary.example'), 'NO',
	    '... and in the map');
	return;
}

try('makemap', '-b', 'makemap');
try('a makemap that ignores -c', '-b', 'makemap', '--makemap', $small);
try('libdb', '-b', 'libdb');
try('patch', '-b', 'patch', '--makemap', $small);
try('make', '-b', 'make');

# With a cache for the whole map makemap ends by itself on a full disk, and is
# five times faster: in half full pages a map is three times as large as its text.
site(join '', map {
	sprintf "Connect:10.%d.%d.%d\tREJECT\n", $_ >> 16, $_ >> 8 & 255, $_ & 255
} 1 .. 300_000);
my $listening = script('/tlsoff.test/makemap-listening', <<"END");
#!/bin/sh
echo "\$*" >/tlsoff.test/arguments
exec $MAKEMAP "\$@"
END
edit_ok('-b', 'makemap', '--makemap', $listening, 'client', 'a.example');
my ($cache) = slurp('/tlsoff.test/arguments') =~ /-c (\d+)/;
cmp_ok($cache, '>', -s "$ACCESS.db", "makemap's cache holds the whole map");

done_testing();
