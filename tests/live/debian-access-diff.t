#!/usr/bin/perl
# Debian's own access file with CanIt's section behind it: what tlsoff changes
# is exactly the lines it inserts above the marker.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Tlsoff;
use Tlsoff::Namespace;
use Tlsoff::Sendmail;

enter_namespace();
my $old = debian_access() . canit_section();
my $site = debian_site($old);
my $old_map = dump_map($site->{file}, 'hash', $site->{access});

my $r = tlsoff_ok('-n', 'client', 'luna.bagoona.com', 'mx.example.net');
is(slurp($site->{access}), $old, '-n changes nothing');
my @plus = $r->{out} =~ /^\+(?!\+\+)(.*)$/mg;
is_deeply(\@plus, ["Try_TLS:luna.bagoona.com\tNO", "Try_TLS:mx.example.net\tNO"],
    '-n shows both lines as added');
unlike($r->{out}, qr/^-(?!--)/m, 'and none as taken away');
spew(scratch() . '/copy', $old);
is(run(['patch', '-s', scratch() . '/copy'], stdin => $r->{out})->{status}, 0,
    'patch takes the diff');

tlsoff_ok('client', 'luna.bagoona.com', 'mx.example.net');
my $new = slurp($site->{access});
my $inserted = "Try_TLS:luna.bagoona.com\tNO\nTry_TLS:mx.example.net\tNO\n";
my $at = index $old, $MARKER;
is($new, substr($old, 0, $at) . $inserted . substr($old, $at),
    'the new file is the old one and two lines right above the marker');
is(slurp(scratch() . '/copy'), $new, 'the diff of -n makes the same file');

my $new_map = dump_map($site->{file}, 'hash', $site->{access});
is_deeply($new_map,
    { %$old_map, 'try_tls:luna.bagoona.com' => 'NO',
	'try_tls:mx.example.net' => 'NO' },
    'the new map is the old one and two entries');

done_testing();
