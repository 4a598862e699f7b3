#!/usr/bin/perl
# What goes on in threads where text and map are large: the copy of the old map,
# and the new text's way to the disk.  Each of their calls fails in turn.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Tlsoff;
use Tlsoff::Faults;

faults_begin();

# Few entries, but more than 4 MiB of text and 1 MiB of map.
my $text = join '', "Try_TLS:old.example\tNO\n",
    (map { "To:user$_\@example.net\tERROR:550 " . 'x' x 400 . "\n" } 1 .. 3000),
    ('# ' . 'x' x 900 . "\n") x 3600;
my $change = change(words => ['client', 'a.example'], builder => 'patch',
    text => $text);
my @cases = map { my $call = $_;
    map { { %$call, error => $_ } } @{ $call->{errors} } }
    grep { $_->{label} =~ /\AT/ } calls_of($change);
cmp_ok(scalar @cases, '>', 20, 'threads have calls that fail');
sweep($change, 'failing calls of threads', \@cases, sub {
	my ($case) = @_;
	reset_files($change);
	return wrong($change, inject($change, $case, $case->{error}));
});

done_testing();
