#!/usr/bin/perl
# "-" reads hosts from standard input: blanks, CRLF, comments, of which one behind
# a host is its reason; all that is wrong
# is told at once and then nothing is changed; a host counts once.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Tlsoff;
use Tlsoff::Site;

scratch();
site("Connect:127\tRELAY\n");

my $r = edit_ok('client', '-', { stdin => "# these two:\r\n\n  a.example  \t\r\n"
    . "\t# indented\nb.example # the second\nA.EXAMPLE.\n#c.example\nd.example" });
is(text(), "Connect:127\tRELAY\n"
    . "Try_TLS:a.example\tNO\n# tlsoff: the second\nTry_TLS:b.example\tNO\n"
    . "Try_TLS:d.example\tNO\n",
    'hosts are taken, comments alone and blanks are not');
is(() = $r->{out} =~ /^added /mg, 3, 'each is said once');

my @lists = ([[], '# tlsoff: theirs'], [['-c', 'mine'], '# tlsoff: mine'],
    [['--no-comment'], undef]);
for my $list (@lists) {
	my ($options, $line) = @$list;
	site('');
	edit_ok(@$options, 'client', '-', { stdin => "x.example # theirs\n" });
	is(text(), (defined $line ? "$line\n" : '') . "Try_TLS:x.example\tNO\n",
	    "the reason of the list, with @$options");
}
site("# tlsoff: x\nTry_TLS:x.example\tNO\n");
edit_ok('remove', 'client', '-', { stdin => "x.example # no longer broken\n" });
is(text(), '', 'what is removed needs no reason');
$r = changes_nothing('a reason that is none', sub {
	return edit('client', '-', { stdin => "x.example # \e[2J\n" });
});
is($r->{status}, 64, 'a reason with an escape is refused');
like($r->{err}, qr/\Atlsoff: standard input:1: [^\n]+ printable/, '... with its line');
site("Connect:127\tRELAY\n" . join '', map { "Try_TLS:$_.example\tNO\n" } qw(a b d));

$r = edit_ok('client', 'e.example', '-', 'e.example', 'f.example',
    { stdin => "f.example\ng.example\n" });
is(join(' ', $r->{out} =~ /^added Try_TLS:(\S+)/mg),
    'e.example f.example g.example', 'words and lines in their order, each once');

$r = changes_nothing('bad hosts', sub {
	return edit('client', 'good.example', 'http://x.example/', '-',
	    'someone@exampledomain.com', '10.0.0.0/8',
	    { stdin => "fine.example\n\n# here:\nso so.example\nTry_TLS:x\n" });
});
is($r->{status}, 64, 'bad hosts are exit 64');
is(() = $r->{err} =~ /^tlsoff: /mg, 5, 'five bad hosts, five lines')
    or diag($r->{err});
like($r->{err}, qr/^tlsoff: standard input:4: /m, 'the line number of one');
like($r->{err}, qr/^tlsoff: standard input:5: /m, 'and of the next');
unlike($r->{err}, qr/good\.example|fine\.example/, 'good ones are not named');
is($r->{out}, '', 'and nothing is said to be done');

$r = changes_nothing('a NUL and an escape', sub {
	return edit('client', '-', { stdin => "a\0b.example\n\e[2Jx.example\n" });
});
is($r->{status}, 64, 'control bytes are refused');
unlike($r->{err}, qr/[\0\e]/, '... and never shown raw');

for my $input ('', "\n# nobody\n") {
	$r = changes_nothing('no hosts', sub {
		return edit_ok('client', '-', { stdin => $input });
	});
	like($r->{err}, qr/^tlsoff: note: no hosts/, 'no hosts: a note');
	is(edit_ok('-q', 'client', '-', { stdin => $input })->{err}, '',
	    '... not with -q');
}
# A # within a word is no comment, and no part of a name either.
$r = changes_nothing('a sign within a name', sub {
	return edit('client', '-', { stdin => "a.example#b\n" });
});
is($r->{status}, 64, 'a # within a word is refused');
$r = changes_nothing('a reason that is none', sub {
	return edit('client', '-', { stdin => "a.example # x\e[2J\n" });
});
is($r->{status}, 64, 'a reason with control bytes is refused');
like($r->{err}, qr/\Atlsoff: standard input:1: reason: not one line of printable text; /,
    '... and not called by an option that nobody gave');
my $many = join '', map { "h$_.example\n" } 1 .. 5000;
$r = edit_ok('-q', 'server', '-', { stdin => $many . $many });
is(() = text() =~ /^Srv_Features:h\d+\.example\tS$/mg, 5000, '5000 hosts at once');

done_testing();
