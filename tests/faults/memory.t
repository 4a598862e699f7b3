#!/usr/bin/perl
# Every allocation of every verb fails in turn, its own and those of libc,
# libdb and libpcre2; that one alone, and with all that follow.  It ends as ever
# or with status 70 or 71 and a message, and text and map stay what they were.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Tlsoff;
use Tlsoff::Faults;

faults_begin();

my $log = "$TOP/tests/fixtures/maillog/traditional.log";
my $old = "Try_TLS:old.example\tNO\n";
my $twice = "Try_TLS:old.example\tNO\nTry_TLS:old.example\tNO\n"
    . "# tlsoff until 2001-01-01\nTry_TLS:past.example\tNO\n";

my $wanted = spew(scratch() . '/wanted', "client a.example until 2099-12-31 # why\n"
    . "server b.example\nclient past.example until 2001-01-01\n");

# Sorted for makemap, but below the size that is worth a thread.
my $large = join '', $old,
    map { "To:user$_\@example.net\tERROR:550 " . 'x' x 900 . "\n" } 1 .. 1300;

my @changes = (
	{ words => ['client', 'a.example'], builder => 'makemap' },
	{ words => ['client', 'a.example'], builder => 'makemap', text => $large,
	    name => 'client, large text' },
	{ words => ['client', 'a.example'], builder => 'libdb' },
	{ words => ['client', 'a.example'], builder => 'patch' },
	{ words => ['--marker', 'no more(?=x)', 'remove', 'client', 'old.example'],
	    builder => 'libdb' },
	{ words => ['check', '--fix'], builder => 'libdb', text => $twice,
	    map_text => $old },
	{ words => ['apply', '--exclusive', $wanted], builder => 'libdb', text => $twice,
	    map_text => $old },
	{ words => ['apply', '-n', $wanted], builder => 'none', name => 'apply -n' },
	{ words => ['-c', 'why', 'client', 'old.example'], builder => 'libdb', map_stays => 1,
	    name => 'client, a comment alone' },
	{ words => ['expire'], builder => 'libdb', text => $twice,
	    map_text => $old },
	{ words => ['client', 'a.example'], builder => 'makemap',
	    text => $twice, map_text => $old },
	# The first difference is named: in the text, in a value, in the map.
	map({ { words => ['check'], builder => 'none', text => $$_[0],
	    map_text => $$_[1], name => "check, $$_[2]" } }
	    [$twice, $old, 'an entry missing'],
	    [$old, $old =~ s/NO/OK/r, 'another value'],
	    ['', $old, 'an entry too many']),
	# Of hosts that none can be connected to; and what explain warns of.
	{ words => ['review'], builder => 'none', text => "Try_TLS:com\tNO\n" },
	{ words => ['explain', 'client', 'old.example'], builder => 'none',
	    text => "Try_TLS:old.example\tOK\nTLS_Rcpt:a.example\tENCR:112\n",
	    map_text => "${old}TLS_Srv:\tENCR:112\n", name => 'explain, TLS off' },
	{ words => ['explain', 'client', 'x.example'], builder => 'none',
	    text => "Clt_Features:\tS\nTry_TLS:192.0.2.1\tNO\n",
	    name => 'explain, TLS on' },
	map { { words => $_, builder => 'none' } } ['check'], ['check', '--warn', '14d'], ['list'],
	    ['list', '--sort', 'until'],
	    ['list', '-j'], ['explain', 'client', 'old.example'],
	    ['explain', '-j', 'server', 'mail.example.net', '192.0.2.1'],
	    ['scan', $log], ['scan', '--hosts', $log], ['-n', '-b', 'libdb', 'client', 'a.example'],
);
for my $words (@changes) {
	my $change = change(%$words);
	for my $in (qw(first child)) {
		my $count = allocations($change, $in);
		next if $count == 0 && $in eq 'child'; # it has none
		next if $in eq 'first' && $change->{builder} eq 'patch';
		cmp_ok($count, '>', 0, "$change->{name}: it allocates");
		my @cases = map { my $how = $_;
		    map { { name => $how, number => $_ } } 1 .. $count } qw(AT FROM);
		sweep($change, "allocations fail, $in process", \@cases, sub {
			my ($case) = @_;
			reset_files($change);
			my $r = without_memory($change, $in, $case->{name},
			    $case->{number});
			# Where patching fails the map is built anew.
			$r->{out} =~ s/built by \Kmakemap/patch/
			    if $change->{builder} eq 'patch';
			return wrong_without_memory($change, $r);
		});
	}
}

done_testing();
