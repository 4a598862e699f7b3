#!/usr/bin/perl
# scan without LOG at a terminal reads the logs of this machine and says which;
# in a pipe it reads standard input as ever.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Scan;
use Test::More;
use Tlsoff;
use Tlsoff::Terminal;

plan skip_all => 'no mount namespace of our own here'
    if system('unshare -rm true 2>/dev/null') != 0;

my $dir = scratch();
my $text = slurp("$FIXTURES/real.log");
my @lines = split /^/, $text;

# What a terminal shows with this directory in place of /var/log.
sub seen {
	my (@words) = @_;
	spew("$dir/run", "mount --bind $dir/log /var/log || exit 99\n"
	    . "mount --bind $dir/journalctl /usr/bin/journalctl || exit 99\n"
	    . "$TLSOFF scan -C /dev/null -f $dir/none --hosts @words; echo status \$?.\n");
	my $t = Tlsoff::Terminal->start({}, 'unshare', '-rm', 'sh', "$dir/run");
	$t->wait_for(qr/status \d+\./);
	$t->end();
	return $t->{seen} =~ s/\r//gr;
}

mkdir "$dir/log";
spew("$dir/in.export", shape('export', records($text)));
spew("$dir/journalctl", "#!/bin/sh\necho \"\$*\" >$dir/asked\ncat $dir/in.export\n");
chmod 0755, "$dir/journalctl";

my ($all) = scan($text, '--hosts');
my $names = join "\n", sort split /\n/, $all;
sub names { join "\n", sort grep { /\A[\w.\[\]:-]+\z/ } split /\n/, $_[0] }

my $seen = seen();
like($seen, qr/scan: reads the journal, as \/usr\/bin\/journalctl -o export/, 'the journal');
is(names($seen), $names, '... the hosts in it');
like(slurp("$dir/asked"), qr/--output=export .*SYSLOG_FACILITY=2$/, '... of mail programs');
seen('--since', '7d');
like(slurp("$dir/asked"), qr/--since=\@\d+ /, '... since then');
spew("$dir/journalctl", "#!/bin/sh\nexit 3\n");
like(seen(), qr/journalctl failed with status 3\nstatus 69\./, '... that cannot be read');
unlike(seen('-q'), qr/scan: reads/, '... and -q does not say that it is');
chmod 0644, "$dir/journalctl";
like(seen(), qr{scan: neither /var/log/mail\.log nor /var/log/maillog nor journalctl is here; name the log,.*\nstatus 66\.},
    'a machine that has neither');
mkdir "$dir/log/maillog";
like(seen(), qr{/var/log/maillog: is no log\nstatus 66\.}, 'a directory in its place');
rmdir "$dir/log/maillog";

spew("$dir/log/maillog", join '', @lines[900 .. $#lines]);
spew("$dir/log/maillog-20261101", join '', @lines[0 .. 449]);
spew("$dir/log/maillog-20261108", join '', @lines[450 .. 899]);
system("gzip $dir/log/maillog-20261101") == 0 or die;
mkdir "$dir/log/maillog.d"; # is none of them
$seen = seen();
like($seen, qr/scan: reads \/var\/log\/maillog and 2 beside it/, 'maillog and older ones');
is(names($seen), $names, '... the hosts in them');
spew("$dir/log/mail.log", $text);
$seen = seen();
like($seen, qr/scan: reads \/var\/log\/mail\.log$/m, 'mail.log goes first');
unlike(seen('-q'), qr/scan: reads/, '-q does not say it');
like(seen('- </dev/null'), qr{not one line of sendmail's}, 'a - is standard input');

done_testing;
