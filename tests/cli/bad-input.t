#!/usr/bin/perl
# Access files that no editor wrote: long lines, NUL bytes, binary
# rubbish, no newline, nothing at all, no file.  Every verb ends soon, says
# clearly what it cannot do, and loses no byte of what stands there.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use POSIX qw(mkfifo);
use Tlsoff;
use Tlsoff::Site;

scratch();
my $dir = scratch() . '/site';
my @readers = (['list'], ['explain', 'client', 'a.example'], ['check'],
    ['-n', 'client', 'new.example']);
my @writers = (['client', 'new.example'], ['server', 'new.example'],
    ['remove', 'client', 'a.example'], ['expire'], ['check', '--fix']);

# A verb with its options; readers take no --restart.
sub call {
	my ($verb, @options) = @_;
	my @none = grep({ $_ eq $verb } @writers) ? ('--restart', 'none') : ();
	return tlsoff('-C', $CF, @none, @options, @$verb);
}

# What stands there; identity() would start four programs each time.
sub standing {
	return names(), map { (join ' ', (stat)[0 .. 5, 7, 9, 10]), slurp($_) }
	    $ACCESS, "$ACCESS.db";
}

# ---- bytes of every kind ----

my %text = (
	'empty' => '',
	'one newline' => "\n",
	'no newline at all' => "Try_TLS:a.example\tNO",
	'CRLF' => "Connect:127 RELAY\r\nTry_TLS:a.example\tNO\r\n",
	'CRLF and LF mixed' => "Connect:127 RELAY\r\nTry_TLS:a.example\tNO\nTo:x OK\r\n",
	'CR only' => "Connect:127 RELAY\rTry_TLS:a.example\tNO\r",
	'UTF-8' => "# \xc3\xa4\xc3\xb6\nTo:b\xc3\xbccher.example\tOK\nTry_TLS:a.example NO\n",
	'a byte order mark' => "\xef\xbb\xbfTry_TLS:a.example\tNO\n",
	'UTF-16' => join('', map { "$_\0" } split //, "Try_TLS:a.example\tNO\n"),
	'NUL bytes' => "To:a\0b OK\nTry_TLS:a.example\tNO\0\n\0\0\nTo:x\tOK\n",
	'a NUL at the end' => "Try_TLS:a.example\tNO\n\0",
	'every byte' => join('', map { chr } 0 .. 255) x 20,
	'control bytes' => "To:\e[2J\x9b2Jx\tOK\nTry_TLS:a.example\tNO\e[0m\n",
	'a long line' => "Try_TLS:a.example\tNO\nTo:" . 'x' x 100_000 . "\tOK\nTo:y\tOK\n",
	'many newlines' => "\n" x 100_000,
);
for my $what (sort keys %text) {
	my $old = $text{$what};
	for my $verb (@readers, @writers) {
		site($old);
		my @before = standing();
		my $r = call($verb);
		ok($r->{status} <= 1, "$what: @$verb ends in good order")
		    or diag("$r->{status}: $r->{err}");
		unlike($r->{err}, qr/[\0-\x08\x0b-\x1f\x7f-\xff]/,
		    '... its messages are plain text');
		if (grep { $_ eq $verb } @readers) {
			is_deeply([standing()], \@before, '... and changes nothing');
			next;
		}
		is(names(), 'access access.db sendmail.cf', '... and leaves nothing');
		next if $verb->[0] ne 'client' && $verb->[0] ne 'server';
		is(entry(($verb->[0] eq 'client' ? 'Try_TLS' : 'Srv_Features')
		    . ':new.example') =~ s/\r//r, $verb->[0] eq 'client' ? 'NO' : 'S',
		    '... and the entry is in the map');
		my $rest = text() =~ s/^\w+:new\.example\t(?:NO|S)\r?\n//mr;
		is(substr($rest, 0, length $old), $old, '... beside the old bytes');
	}
}

# ---- 32 MiB in one line ----

# A gigabyte is for tests/heavy/big-input.t.
site("Try_TLS:a.example\tNO\n");
truncate $ACCESS, 1 << 25 or die "truncate: $!";
append($ACCESS, "\nTry_TLS:b.example\tNO\n");
my $r = tlsoff('-C', $CF, 'list');
is($r->{status}, 0, 'list reads past a line of 32 MiB') or diag($r->{err});
like($r->{out}, qr/^1 +Try_TLS:a\.example .*^3 +Try_TLS:b\.example /ms,
    '... and finds what is around it');
for my $builder (qw(makemap libdb)) {
	$r = edit_ok('-b', $builder, 'client', "$builder.example");
	is(entry("Try_TLS:$builder.example"), 'NO', '... around a line of 32 MiB');
	is(() = $r->{err} =~ /:2: longer than 1022 bytes/g, 1,
	    '... which is warned of once');
}
$r = tlsoff('-C', $CF, 'check');
is(() = $r->{out} =~ /:2: longer than 1022 bytes/g, 1, 'check names it once');

# ---- what is no file to be read ----

my %no_file = (
	'a directory' => [73, qr/is a directory/, sub { mkdir $ACCESS }],
	'a FIFO' => [73, qr/is a FIFO/, sub { mkfifo($ACCESS, 0600) }],
	'missing' => [66, qr/No such file/, sub { 1 }],
	'a directory away' => [66, qr/No such file/, sub { 1 }, "$dir/away/access"],
	'behind a file' => [66, qr/Not a directory/, sub { spew($ACCESS, '') },
	    "$ACCESS/access"],
	'a link to nothing' => [66, qr/No such file/, sub { symlink 'no', $ACCESS }],
	'a link to itself' => [66, qr/[Tt]oo many levels|Symbolic link loop/,
	    sub { symlink 'access', $ACCESS }],
);
for my $what (sort keys %no_file) {
	my ($status, $said, $make, $path) = @{ $no_file{$what} };
	for my $verb (@readers, @writers) {
		site("To:x\tOK\n");
		unlink $ACCESS;
		$make->() or die "$what: $!";
		my $names = names();
		$r = call($verb, defined $path ? ('-f', $path, '-m', "hash:$ACCESS") : ());
		if ($verb->[0] eq 'explain' && $r->{status} <= 1) {
			like($r->{err}, $said, "$what: explain goes by the map and says so");
		} else {
			is($r->{status}, $status, "$what: @$verb: exit $status")
			    or diag($r->{out}, $r->{err});
			like($r->{err}, qr/\Atlsoff: \S+: .*$said.*\n\z/, '... and why');
		}
		is(names(), $names, '... and nothing is left');
		rmdir $ACCESS or unlink $ACCESS;
	}
}

# ---- a file that grows while it is read ----

site('');
my $writer = fork // die "fork: $!";
if ($writer == 0) {
	open my $file, '>>', $ACCESS or POSIX::_exit(1);
	for (1 .. 400) {
		syswrite $file, "To:grows$_.example\tOK\n";
		select undef, undef, undef, 0.001;
	}
	POSIX::_exit(0);
}
my @status;
push @status, tlsoff('-C', $CF, 'list')->{status} for 1 .. 10;
waitpid $writer, 0;
is("@status", '0 0 0 0 0 0 0 0 0 0', 'a file that grows can be listed');
edit_ok('client', 'new.example');
is(() = text() =~ /^To:grows\d+\.example\tOK$/mg, 400, 'and loses no line');

done_testing();
