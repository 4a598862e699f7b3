#!/usr/bin/perl
# Who only reads a map never writes to it, however damaged it is.  libdb, told to
# open it for reading alone, opens some for writing when it closes them, and
# makes a file of 48 KiB one of 8 TiB.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Tlsoff;

my $dir = scratch();
my $cf = spew("$dir/sendmail.cf",
    "V10/Berkeley\nDZ8.18.1\nKaccess hash $dir/access\n");
my $map = "$dir/access.db";
my $text = join('', map { "Connect:host$_.example.com\tREJECT\n" } 0 .. 599)
    . "Try_TLS:a.example\tNO\n";
spew("$dir/access", $text);
run([$MAKEMAP, '-C', '/dev/null', 'hash', "$dir/access"], stdin => $text);
my $good = slurp($map);

# Offsets and bytes; each of these was written to, by check at least.
my @damages = ([104 => 255], [105 => 1], [106 => 21], [110 => 1], [98 => 126],
    [99 => 1], [32 => 1], [108 => 11], [73 => 255], [28 => 126, 105 => 128],
    [8208 => 128], [32_786 => 255], [40_978 => 255], [32_784 => 255],
    [28_689 => 126], [4135 => 255, 32_790 => 0, 12_294 => 126, 16_403 => 126],
    [28_688 => 26, 0 => 0, 40_999 => 128, 16_403 => 128]);
srand 7;
push @damages, [map { (int(rand length $good) => int rand 256) } 1 .. 3]
    for 1 .. 40;

my @verbs = (['check'], ['explain', 'client', 'a.example'], ['list'],
    ['-n', 'client', 'b.example']);
for my $verb (@verbs) {
	my (@wrong, %status);
	for my $damage (@damages) {
		my $bytes = $good;
		my %turned = @$damage;
		substr($bytes, $_, 1) = chr $turned{$_} for keys %turned;
		spew($map, $bytes);
		my @before = identity($map);
		my $r = tlsoff('-C', $cf, '--makemap', $MAKEMAP, @$verb);
		$status{$r->{status}}++;
		push @wrong, "@$damage" if "@{[identity($map)]}" ne "@before"
		    || -s $map != length $bytes || slurp($map) ne $bytes;
		unlink $map;
	}
	SKIP: {
		skip 'a program that is analyzed has no sandbox', 1 if $ENV{TLSOFF_ANALYZED};
		is(join('; ', @wrong), '', "@$verb writes to no damaged map");
	}
	is(join(' ', grep { !/\A(?:0|1|65|69|71|74)\z/ } keys %status), '',
	    '... and ends as it should');
}

# Only a copy is patched, and that below the directory of the new map.
for my $damage (@damages[0 .. 16]) {
	my $bytes = $good;
	my %turned = @$damage;
	substr($bytes, $_, 1) = chr $turned{$_} for keys %turned;
	spew("$dir/access", $text);
	spew($map, $bytes);
	my $r = tlsoff('-C', $cf, '--makemap', $MAKEMAP, '-b', 'patch', '--restart',
	    'none', 'client', 'b.example');
	is($r->{status}, 0, "a map damaged at @$damage is patched or built anew")
	    or diag($r->{err});
	is(tlsoff('-C', $cf, '--makemap', $MAKEMAP, 'check')->{err}, '',
	    '... and is right');
}

done_testing();
