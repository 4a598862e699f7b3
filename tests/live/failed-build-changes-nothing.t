#!/usr/bin/perl
# A map build that fails, however it fails, leaves text and map untouched:
# bytes, inode, mode, owner and time; no side file stays, nothing is restarted.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Tlsoff;
use Tlsoff::Namespace;
use Tlsoff::Sendmail;

enter_namespace();
my $site = sendmail_cf('mx');
build_map($site, join '', map { "Connect:192.0.2.$_\tREJECT\n" } 1 .. 200);
my $restart = counter('restart', ':');
my $dir = scratch();

sub names {
	my ($path) = @_;
	opendir my $handle, $path or die "$path: $!";
	return join ' ', sort readdir $handle;
}

# Each takes makemap's arguments: options, type, map; the text is its input.
my $map = 'for map; do :; done; case $map in *.db) ;; *) map=$map.db ;; esac';
my %bad = (
	'that only fails' => [69, 'exit 73'],
	'that fails with words' => [69,
	    'echo "makemap: cannot do it" >&2; exit 70'],
	'that is killed' => [69, 'kill -9 $$'],
	'that is not there' => [69, undef],
	'that makes nothing and says all is well' => [undef, 'exit 0'],
	'that makes an empty file' => [undef, "$map; : >\"\$map\""],
	'that writes garbage' => [undef,
	    "$map; head -c 65536 /dev/urandom >\"\$map\""],
	'that is killed while it writes' => [69,
	    "head -n 20 | $MAKEMAP \"\$@\"; kill -9 \$\$"],
	'that writes half a map and exits 0' => [65,
	    "head -n 100 | $MAKEMAP \"\$@\"; exit 0"],
	'that adds an entry of its own' => [65,
	    "(cat; echo 'Connect:evil.example RELAY') | $MAKEMAP \"\$@\""],
	'that changes a value' => [65,
	    "sed 's/^\\(Try_TLS:.*\\)NO/\\1OK/' | $MAKEMAP \"\$@\""],
	'that drops our entry' => [65, "grep -v Try_TLS | $MAKEMAP \"\$@\""],
	'that cuts the map short' => [undef,
	    "$MAKEMAP \"\$@\"; $map; truncate -s 9000 \"\$map\"; exit 0"],
	'that makes a wrong map and says why' => [69, "sed 3d | $MAKEMAP \"\$@\";"
	    . " echo 'makemap: ./access.db: line 3: no RHS for LHS x' >&2; exit 65"],
	'that leaves a directory' => [74, "$map; mkdir \"\$map\""],
	'that leaves a directory and fails' => [74,
	    "$map; mkdir \"\$map\"; exit 1"],
	'that reaches a limit on the size of files' => [74,
	    "trap '' PIPE; ulimit -f 1; exec $MAKEMAP \"\$@\""],
);

for my $what (sort keys %bad) {
	my ($status, $script) = @{ $bad{$what} };
	my $makemap = "$dir/bad-makemap";
	unlink $makemap;
	script($makemap, "#!/bin/sh\n$script\n") if defined $script;
	my @before = (identity($site->{access}), identity($site->{map_file}),
	    names("$site->{dir}/mail"));
	my $r = tlsoff('-C', $site->{file}, '-b', 'makemap', '--makemap', $makemap,
	    '--restart-command', $restart, 'client', 'luna.bagoona.com');
	my @after = (identity($site->{access}), identity($site->{map_file}),
	    names("$site->{dir}/mail"));
	is_deeply(\@after, \@before, "a makemap $what changes nothing")
	    or diag($r->{out}, $r->{err});
	if (defined $status) {
		is($r->{status}, $status, '... and the status says so')
		    or diag($r->{err});
	} else {
		ok((grep { $r->{status} == $_ } 65, 69),
		    "... and the status says so: $r->{status}") or diag($r->{err});
	}
	like($r->{err}, qr/^tlsoff: .+/m, '... with a message');
}
is(calls($restart), 0, 'nothing was restarted');

# Whatever a makemap says: a map that is proven is right.
my %odd = (
	'complains of a good line' =>
	    'echo "makemap: ./access.db: line 3: no RHS for LHS x" >&2; exit 65',
	'warns of something new' => 'echo "makemap: beware" >&2; exit 0',
	'fails when all is done' => 'exit 75',
);
for my $what (sort keys %odd) {
	my $makemap = script("$dir/odd-makemap", "#!/bin/sh\n$MAKEMAP \"\$@\"\n$odd{$what}\n");
	for my $verb ([], ['remove']) {
		my $r = tlsoff('-C', $site->{file}, '-b', 'makemap', '--makemap',
		    $makemap, '--restart', 'none', @$verb, 'client', 'odd.example');
		is($r->{status}, 0, "@$verb with a makemap that $what is done")
		    or diag($r->{err});
	}
}

tlsoff_ok('-C', $site->{file}, '-b', 'makemap', '--restart-command', $restart,
    'client', 'luna.bagoona.com');
is(verdict($site->{file}, 'client', 'luna.bagoona.com', ''),
    'off by Try_TLS:luna.bagoona.com', 'a good makemap does it afterwards');

done_testing();
