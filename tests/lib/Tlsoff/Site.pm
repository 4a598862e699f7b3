# Site.pm: one access file with its map and a small sendmail.cf, for tests of
# what tlsoff edits and prints; no sendmail runs.
#
#   use Tlsoff;
#   use Tlsoff::Site;
#   site("Connect:127\tRELAY\n");       # text and map, made anew
#   my $r = edit('client', 'luna.bagoona.com');      # {status, out, err}
#   is(text(), ...);  is(entry('Try_TLS:luna.bagoona.com'), 'NO');
package Tlsoff::Site;

use strict;
use warnings;
use Exporter qw(import);
use Test::More;
use Tlsoff;

our @EXPORT = qw($CF $ACCESS site edit edit_ok text entry names changes_nothing);
our ($CF, $ACCESS);

sub site {
	my ($text) = @_;
	my $dir = scratch() . '/site';
	$CF = "$dir/sendmail.cf";
	$ACCESS = "$dir/access";
	spew($CF, "V10/Berkeley\nKaccess hash -T<TMPF> -o $dir/access\n");
	spew($ACCESS, $text);
	unlink "$ACCESS.db";
	makemap($CF, 'hash', $ACCESS, $text); # complains of faults, as it should
	return;
}

# tlsoff on that site, without a restart; {stdin => ...} may come last.
sub edit { return tlsoff('-C', $CF, '--restart', 'none', @_); }

sub edit_ok {
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return tlsoff_ok('-C', $CF, '--restart', 'none', @_);
}

sub text { return slurp($ACCESS); }

# What the map says, or undef.
sub entry {
	my ($key) = @_;
	return dump_map($CF, 'hash', $ACCESS)->{lc $key};
}

# All names in the directory.
sub names {
	opendir my $dir, scratch() . '/site' or die $!;
	return join ' ', sort grep { !/\A\.\.?\z/ } readdir $dir;
}

# Runs CODE and tests that text, map and directory are the very same.
sub changes_nothing {
	my ($what, $code) = @_;
	my @before = (identity($ACCESS), identity("$ACCESS.db"), names());
	my $r = $code->();
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is_deeply([identity($ACCESS), identity("$ACCESS.db"), names()], \@before,
	    "$what: nothing changed") or diag($r->{out}, $r->{err});
	return $r;
}

1;
