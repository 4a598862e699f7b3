#!/usr/bin/perl
# Somebody else saves the access file while tlsoff builds the map: both edits
# are in the file and the map afterwards.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Tlsoff;
use Tlsoff::Namespace;
use Tlsoff::Sendmail;

enter_namespace();
my $site = sendmail_cf('mx');
my $text = debian_access() . canit_section();

# An editor that saves once, while makemap runs: in place, or by a rename.
my %save = (
	'in place' => "echo 'Connect:203.0.113.99 REJECT' >>$site->{access}",
	'by a rename' => "(cat $site->{access};"
	    . " echo 'Connect:203.0.113.99 REJECT') >$site->{access}.new;"
	    . " mv $site->{access}.new $site->{access}",
);
for my $how (sort keys %save) {
	build_map($site, $text);
	unlink '/tlsoff.test/saved';
	my $makemap = script('/tlsoff.test/makemap',
	    "#!/bin/sh\nif [ ! -e /tlsoff.test/saved ]; then : >/tlsoff.test/saved; $save{$how}; fi\n"
	    . "exec $MAKEMAP \"\$@\"\n");
	tlsoff_ok('-C', $site->{file}, '-b', 'makemap', '--makemap', $makemap,
	    '--restart', 'none', 'client', 'luna.bagoona.com');
	my $new = slurp($site->{access});
	like($new, qr/^Try_TLS:luna\.bagoona\.com\tNO$/m, "$how: our line is there");
	like($new, qr/^Connect:203\.0\.113\.99 REJECT$/m, "$how: theirs too");
	my $map = dump_map($site->{file}, 'hash', $site->{access});
	is($map->{'try_tls:luna.bagoona.com'}, 'NO', "$how: our entry in the map");
	is($map->{'connect:203.0.113.99'}, 'REJECT', "$how: theirs too");
}

# One that never stops saving: tlsoff gives up and leaves the file to it.
build_map($site, $text);
my $makemap = script('/tlsoff.test/makemap', "#!/bin/sh\n"
    . "echo '# saved again' >>$site->{access}\nexec $MAKEMAP \"\$@\"\n");
my $map = identity($site->{map_file});
my $r = tlsoff('-C', $site->{file}, '-b', 'makemap', '--makemap', $makemap,
    '--restart', 'none', 'client', 'luna.bagoona.com');
is($r->{status}, 75, 'a file that keeps changing is exit 75') or diag($r->{err});
unlike(slurp($site->{access}), qr/luna/, '... and the text is left to others');
is(identity($site->{map_file}), $map, '... and the map as it was');

done_testing();
