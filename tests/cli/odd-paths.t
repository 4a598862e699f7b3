#!/usr/bin/perl
# Paths that are too long, empty or no files are refused with a message that
# says which; a PATH with odd entries is searched all the same.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Tlsoff;
use Tlsoff::Site;

site("Try_TLS:a.example\tNO\n");
my $dir = scratch() . '/site';

sub refused {
	my ($name, $status, $like, @arguments) = @_;
	my $r = tlsoff(@arguments, 'list');
	is($r->{status}, $status, $name) or diag($r->{out}, $r->{err});
	like($r->{err}, qr/^tlsoff: [^\n]*$like[^\n]*\n\z/, '... in one line');
	return;
}

my $long = '/x' x 2500;
refused('a cf too far away', 64, qr/path is too long/, '-C', $long);
refused('an access file too far away', 64, qr/path is too long/, '-C', $CF,
    '-f', $long);
refused('a map too far away', 78, qr/path is too long/, '-C', $CF, '-m',
    "hash:$long");
refused('a map too far away from here', 64, qr/path is too long/, '-C', $CF,
    '-m', 'hash:' . substr($long, 1, 4090));
# One byte is missing for the map beside it.
refused('an access file whose map would be too far away', 64,
    qr/path is too long/, '-C', $CF, '-f', substr($long, 0, 4093));
refused('an access file in a directory too far away', 66, qr/cannot open/,
    '-C', $CF, '-f', substr($long, 0, 4091));
refused('no name at all', 64, qr/file name is empty/, '-C', $CF, '-f', '');
refused('a map that is nothing but a suffix', 78, qr/no name before the suffix/,
    '-C', $CF, '-m', "hash:$dir/.db");
refused('a file that is not there, in /', 66, qr/cannot open/, '-C', $CF, '-f',
    '/no-such-file.tlsoff');

spew("$dir/large.cf", '');
truncate "$dir/large.cf", 17 << 20 or die $!;
refused('a cf too large to be one', 78, qr/not a sendmail\.cf/, '-C',
    "$dir/large.cf");
refused('a cf that is a directory', 78, qr/not a sendmail\.cf/, '-C', $dir);

# ---- PATH ----

my $bin = scratch() . '/bin';
mkdir $bin;
symlink $MAKEMAP, "$bin/makemap" or die $!;
# Without libdb nothing can be done where there is no makemap.
my $alone = tlsoff('--version')->{out} !~ /without libdb/;
for my $path ("::relative:$long:$bin", "$bin:", $alone ? (undef, '') : ()) {
	my $r = tlsoff('-C', $CF, '-v', '-n', 'client', 'b.example',
	    { env => { PATH => $path } });
	is($r->{status}, 0, 'PATH ' . substr($path // 'not set', 0, 20))
	    or diag($r->{err});
	like($r->{out} . $r->{err}, qr{makemap: (?:/.*/makemap|not installed)$}m,
	    '... gives an absolute path of makemap, or none');
	like($r->{out} . $r->{err}, qr{makemap: /}m, '... it is found there')
	    if defined $path && $path =~ /bin/;
}

done_testing();
