#!/usr/bin/perl
# -n prints a diff that patch takes, for edits near and far, and touches
# nothing: no lock, no side file, no map, no time of a file.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Tlsoff;
use Tlsoff::Site;

my $dir = scratch();

# The diff of -n, applied to a copy, gives what the change itself gives.
sub agrees {
	my ($what, $text, @call) = @_;
	site($text);
	my $r = changes_nothing($what, sub { return edit_ok('-n', @call) });
	my $copy = spew("$dir/copy", $text);
	if ($r->{out} ne '') {
		like($r->{out}, qr/\A--- \Q$ACCESS\E\n\+\+\+ \Q$ACCESS\E\n@@ -/,
		    "$what: a diff of the access file");
		my $patch = run(['patch', '-s', '--binary', $copy],
		    stdin => $r->{out});
		is($patch->{status}, 0, "$what: patch takes it")
		    or diag($r->{out}, $patch->{out}, $patch->{err});
	}
	my $done = edit_ok(@call);
	is(slurp($copy), text(), "$what: and makes the same file of it");
	return $r->{out};
}

my $filler = join '', map { "To:user$_\@example.net\tOK\n" } 1 .. 3000;
my $diff = agrees('insert', "Connect:127\tRELAY\n$MARKER\nTo:x\tOK\n",
    'client', 'a.example', 'b.example');
is($diff, "--- $ACCESS\n+++ $ACCESS\n@@ -1,3 +1,5 @@\n Connect:127\tRELAY\n"
    . "+Try_TLS:a.example\tNO\n+Try_TLS:b.example\tNO\n $MARKER\n To:x\tOK\n",
    'the whole of a small one');
agrees('empty file', '', 'client', 'a.example');
agrees('no newline at the end', "Connect:127\tRELAY", 'client', 'a.example');
agrees('CRLF', "Connect:127\tRELAY\r\nTo:x\tOK\r\n", 'client', 'a.example');
agrees('in the middle', "$filler$MARKER\n$filler", 'client', 'a.example');
$diff = agrees('changed far above, inserted far below',
    "Try_TLS:a.example\tOK\n$filler$MARKER\nTo:z\tOK\n",
    'client', 'a.example', 'b.example');
is(() = $diff =~ /^@@ /mg, 2, '... two hunks');
cmp_ok(length $diff, '<', 1500, '... and a short diff');
$diff = agrees('moved from far below',
    "$filler$MARKER\n$filler" . "Try_TLS:a.example\tNO\nTo:z\tOK\n",
    'client', 'a.example');
cmp_ok(length $diff, '<', 1500, '... is a short diff');
agrees('everything removed', "Try_TLS:a.example\tNO\n",
    'remove', 'client', 'a.example');
agrees('many', "$MARKER\n$filler", 'client', map { "h$_.example" } 1 .. 2000);
agrees('many here and there',
    join('', map { "Try_TLS:h$_.example\tOK\n$filler" =~ s/user/u$_-/gr } 1 .. 5),
    'client', map { "h$_.example" } 1 .. 6);

is(agrees('unchanged', "Try_TLS:a.example\tNO\n", 'client', 'a.example'), '',
    'nothing to change: no diff');
my $r = edit_ok('-n', 'client', 'a.example');
like($r->{err}, qr/^tlsoff: note: unchanged Try_TLS:a\.example NO/,
    '... and a note that says so');
spew($ACCESS, "Try_TLS:a.example\tNO\nTo:new\tOK\n");
$r = edit_ok('-n', 'client', 'a.example');
like($r->{err}, qr/^tlsoff: note: map .*differs/m, 'a map to be mended is told');

# -n needs no lock, and no right to write.
site("Connect:127\tRELAY\n");
chmod 0555, "$dir/site";
edit_ok('-n', 'client', 'a.example');
chmod 0755, "$dir/site";

done_testing();
