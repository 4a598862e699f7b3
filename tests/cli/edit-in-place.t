#!/usr/bin/perl
# A key that is there already: changed in place above the marker, moved out of
# CanIt's section, left alone where it is right.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Tlsoff;
use Tlsoff::Site;

scratch();
my ($c, $s) = ('Try_TLS:h.example', 'Srv_Features:h.example');

# [role, text before, text after, what is said]
my @cases = (
	['client', "$c OK\n", "$c NO\n", 'changed'],
	['client', "$c\t\tOK\nTo:x OK\n", "$c\t\tNO\nTo:x OK\n", 'changed'],
	['client', "TRY_TLS:H.Example\tOK\n", "TRY_TLS:H.Example\tNO\n", 'changed'],
	['client', "$c NO # why\n", "# why\n$c NO\n", 'changed'],
	['client', "$c OK\r\n", "$c NO\r\n", 'changed'],
	['client', "$c OK", "$c NO", 'changed'],
	['client', "$c no\n", "$c no\n", 'unchanged'],
	['client', "$MARKER\nTo:x OK\n$c NO\nTo:y OK\n",
	    "$c\tNO\n$MARKER\nTo:x OK\nTo:y OK\n", 'moved'],
	['client', "$MARKER\n$c OK\n", "$c\tNO\n$MARKER\n", 'moved'],
	['server', "$s V\n", "$s V S\n", 'changed'],
	['server', "$s s\n", "$s S\n", 'changed'],
	['server', "$s V s\n", "$s V S\n", 'changed'],
	['server', "$s V S\n", "$s V S\n", 'unchanged'],
	['server', "$MARKER\n$s V\n", "$s\tV S\n$MARKER\n", 'moved'],
	['server', "Srv_Features:example V A\n",
	    "Srv_Features:example V A\n$s\tV A S\n", 'added'],
);
for my $case (@cases) {
	my ($role, $before, $after, $said) = @$case;
	my $what = $before =~ s/\Q$MARKER\E/MARKER/r =~ s/\r/\\r/gr =~ s/\n/|/gr;
	site($before);
	my $r = edit_ok($role, 'h.example');
	is(text(), $after, "$role, $what: $said");
	like($r->{out}, qr/^$said (?i:\Q$c\E|\Q$s\E) \S/m, '... and says so');
	my $want = $role eq 'client' ? qr/^no\r?$/i : qr/(?:^| )S$/;
	like(entry($role eq 'client' ? $c : $s), $want, '... in the map');
	$r = edit_ok($role, 'h.example');
	is(text(), $after, '... and the second call changes nothing');
}

done_testing();
