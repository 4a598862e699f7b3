#!/usr/bin/perl
# -c and -u: each changes its own half of the line above an entry, so that no
# exemption becomes a permanent one by having its reason changed.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Tlsoff;
use Tlsoff::Site;

my $dir = scratch();
my ($access, $cf) = ("$dir/access", "$dir/sendmail.cf");
spew($cf, "V10/Berkeley\nKaccess hash -T<TMPF> $access\n");

# The access file after a call.
sub after {
	my ($text, @words) = @_;
	spew($access, $text);
	tlsoff_ok('-C', $cf, '--makemap', $MAKEMAP, '--restart', 'none', @words);
	return slurp($access);
}

my @entry = ('client', 'a.example');
my $entry = "Try_TLS:a.example\tNO\n";
my $both = "# tlsoff until 2099-01-31: ticket 1\n$entry";

is(after('', @entry, '-c', 'ticket 1', '-u', '2099-01-31'), $both, 'reason and date');
is(after($both, @entry, '-c', 'ticket 2'), "# tlsoff until 2099-01-31: ticket 2\n$entry",
    'another reason: the date stays');
is(after($both, @entry, '-u', '2099-02-28'), "# tlsoff until 2099-02-28: ticket 1\n$entry",
    'another date: the reason stays');
is(after($both, @entry), $both, 'neither: both stay');
is(after($both, @entry, '--no-until'), "# tlsoff: ticket 1\n$entry", 'no date any more');
is(after($both, @entry, '--no-comment'), "# tlsoff until 2099-01-31\n$entry",
    'no reason any more');
is(after($both, @entry, '--no-comment', '--no-until'), $entry, 'neither any more');
is(after($both, @entry, '--no-until', '-c', 'for good'), "# tlsoff: for good\n$entry",
    'no date, and another reason');
is(after($entry, @entry, '--no-comment', '--no-until'), $entry, '... of an entry without');
is(after('', @entry, '--no-until'), $entry, '... and of a new one');
is(after("# mine\n$both", @entry, '-c', 'ticket 2'),
    "# mine\n# tlsoff until 2099-01-31: ticket 2\n$entry", 'a line of somebody else stays');
is(after("# tlsoff until 2099-01-31: ticket 1\nSrv_Features:a.example\tV s\n",
    'server', 'a.example', '-c', 'ticket 2'),
    "# tlsoff until 2099-01-31: ticket 2\nSrv_Features:a.example\tV S\n",
    'the same where the entry itself is mended');

# ---- sendmail looks for nothing in a comment: the map stays ----

my @builders = tlsoff('--version')->{out} =~ /without libdb/ ? 'makemap'
    : qw(makemap libdb patch);
for my $builder (@builders) {
	site("Connect:127\tRELAY\n$entry");
	utime(1, 1, "$ACCESS.db");
	my $map = (stat "$ACCESS.db")[1];
	my $count = counter('restarted', ':');
	my $r = tlsoff_ok('-C', $CF, '-b', $builder, '--restart-command', $count,
	    @entry, '-c', 'ticket 2');
	is(text(), "Connect:127\tRELAY\n# tlsoff: ticket 2\n$entry",
	    "-b $builder: the text has the reason");
	is((stat "$ACCESS.db")[1], $map, '... the map is the same file');
	is(calls($count), 0, '... nothing is restarted');
	is($r->{out}, "changed Try_TLS:a.example NO (line 3): its comment\n"
	    . "map $ACCESS.db: unchanged\n", '... which is said');
	cmp_ok((stat "$ACCESS.db")[9], '>=', (stat $ACCESS)[9],
	    '... and make finds nothing to do');
	is(entry('Try_TLS:a.example'), 'NO', '... of the map');
}
site($entry);
makemap($CF, 'hash', $ACCESS, "Try_TLS:b.example\tNO\n");
edit_ok(@entry, '-c', 'ticket 2');
is(entry('Try_TLS:a.example'), 'NO', 'a map that was not the text is built all the same');
site('');
unlink "$ACCESS.db";
spew($ACCESS, $entry);
edit_ok(@entry, '-c', 'ticket 2');
is(entry('Try_TLS:a.example'), 'NO', '... and one that is missing');

for my $half (['-c', 'x', '--no-comment'], ['-u', '30d', '--no-until'],
    ['--no-comment', '-u', '30d', '--no-until']) {
	spew($access, $both);
	my $r = tlsoff('-C', $cf, '--restart', 'none', @entry, @$half);
	is($r->{status}, 64, "@$half contradict each other");
	like($r->{err}, qr/\Atlsoff: --\w+: contradicts $half->[-1]; leave one out\n\z/,
	    '... which is said');
	is(slurp($access), $both, '... and nothing is changed');
}

done_testing();
