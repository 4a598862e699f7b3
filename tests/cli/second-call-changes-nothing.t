#!/usr/bin/perl
# The same call again changes nothing, builds nothing and says so; a map that
# is not the text is mended though the text is right.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Tlsoff;
use Tlsoff::Site;

my $dir = scratch();
# A look at the map, which makemap too can take, is no build.
my $makemap = counter('makemap', "case \" \$* \" in\n"
    . "*' -u '*) sed -i '\$d' \"\$0.calls\" ;;\nesac\nexec $MAKEMAP \"\$@\"");
my @call = ('--makemap', $makemap, 'client', 'a.example');
site("Connect:127\tRELAY\n");

my $r = edit_ok(@call);
is($r->{out}, "added Try_TLS:a.example NO (line 2)\n"
    . "map $ACCESS.db: 2 entries, built by makemap, proven\n"
    . "sendmail left alone (--restart none)\n"
    . "mail that waits goes out at the next queue run; sendmail -q runs it now\n",
    'all that a change says');
is($r->{err}, '', 'and no message');
my $built = calls($makemap);
$r = changes_nothing('the second call', sub { return edit_ok(@call) });
is($r->{out}, "unchanged Try_TLS:a.example NO (line 2)\n"
    . "map $ACCESS.db: unchanged\n", 'all that it says');
is(calls($makemap), $built, 'no map was built');
$r = changes_nothing('... with -q', sub { return edit_ok('-q', @call) });
is("$r->{out}$r->{err}", '', 'it says nothing');

my $text = text();
for my $wrong ("Connect:127\tRELAY\n", "${text}To:x\tOK\n",
    $text =~ s/RELAY/OK/r) {
	makemap($CF, 'hash', $ACCESS, $wrong);
	$built = calls($makemap);
	$r = edit_ok(@call);
	like($r->{out}, qr/^unchanged Try_TLS:a\.example NO/m, 'the text is right');
	like($r->{out}, qr/^map \S+: differed from the text: ./m,
	    '... the map is not, and it says why');
	cmp_ok(calls($makemap), '>', $built, '... so it is built');
	is(entry('Connect:127'), 'RELAY', '... and right again');
	is(entry('To:x'), undef, '... all of it');
	is(text(), $text, '... the text stays');
}
unlink "$ACCESS.db";
edit_ok(@call);
is(entry('Try_TLS:a.example'), 'NO', 'a map that is missing is built');

$r = edit_ok('-q', 'client', 'b.example');
is("$r->{out}$r->{err}", '', '-q: a change says nothing either');
$r = edit_ok('-v', 'client', 'b.example');
like($r->{err}, qr/^tlsoff: access file: \Q$ACCESS\E$/m, '-v tells the site');
$r = tlsoff_ok('-C', $CF, '-f', spew("$dir/other/access", ''), 'client', 'a.example');
like($r->{out}, qr/^sendmail left alone \(it does not read this map\)$/m,
    'a map that sendmail does not read restarts nothing');
my $restart = counter('restart', ':');
tlsoff_ok('-C', $CF, '--restart-command', $restart, 'client', 'b.example');
is(calls($restart), 0, 'unchanged: no restart');
tlsoff_ok('-C', $CF, '--restart-command', $restart, 'client', 'c.example', 'd.example');
is(calls($restart), 1, 'two hosts: one restart');

done_testing();
