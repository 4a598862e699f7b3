#!/usr/bin/perl
# Text and map are on the disk before a rename shows them under their names,
# and the renames before tlsoff says that all is done: a machine that loses its
# power has one or the other, and never an empty file.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Tlsoff;
use Tlsoff::Site;

my $dir = scratch() . '/site';

# The calls that matter, in their order: "sync PATH", "rename FROM", "said".
sub events {
	my (@options) = @_;
	site("Connect:127\tRELAY\n");
	my $trace = scratch() . '/trace';
	my $r = run(['strace', '-y', '-o', $trace, '-e',
	    'trace=fsync,fdatasync,rename,renameat,renameat2,write', @options,
	    $TLSOFF, '-C', $CF, '-b', 'libdb', '--restart', 'none', 'client',
	    'a.example']);
	is($r->{status}, 0, 'the change is made') or diag($r->{err});
	return grep { defined } map {
		/^f(?:data)?sync\(\d+<(.*?)>\) += 0/ ? "sync $1"
		    : /^rename\w*\(\d+<(.*?)>, "(.*?)",.*\) = 0/ ? "rename $1/$2"
		    : /^write\(1</ ? 'said' : undef
	} lines($trace);
}

# The place of the first event, or the last, that is so.
sub first_of {
	my ($event, @events) = @_;
	return (grep { $events[$_] eq $event } 0 .. $#events)[0] // 1e9;
}

sub last_of {
	my ($event, @events) = @_;
	return (grep { $events[$_] eq $event } 0 .. $#events)[-1] // -1;
}

for my $way (['an exchange'], ['a plain rename', '-e', 'inject=renameat2:error=EINVAL']) {
	my ($what, @inject) = @$way;
	my @events = events(@inject);
	my $text = "rename $dir/.access.tlsoff";
	my $map = "rename $dir/.access.db.tlsoff/access.db";
	my @at = (first_of("sync $dir/.access.tlsoff", @events),
	    first_of($text, @events),
	    first_of("sync $dir/.access.db.tlsoff/access.db", @events),
	    first_of($map, @events), last_of("sync $dir", @events),
	    first_of('said', @events));
	cmp_ok($at[0], '<', $at[1], "$what: the text is synced, then renamed")
	    or diag(join "\n", @events);
	cmp_ok($at[2], '<', $at[3], '... the map is synced, then renamed')
	    or diag(join "\n", @events);
	cmp_ok($at[2], '<', $at[1], '... and before the text is in place');
	cmp_ok($at[3], '<', $at[4], '... the directory is synced behind both');
	cmp_ok($at[4], '<', $at[5], '... and then it is said');
	cmp_ok($at[5], '<', 1e9, '... at all');
}

done_testing();
