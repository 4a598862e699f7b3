#!/usr/bin/perl
# Lines that makemap drops were there before us: they are warned of with line
# and cure, and stop the change only with --strict.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Tlsoff;
use Tlsoff::Site;

scratch();
my $text = "Connect:127\tRELAY\n"
    . "To:twice\tOK\n"
    . "To:novalue\n"
    . "  To:indented\tOK\n"
    . "$MARKER\n"
    . "To:TWICE\tREJECT\n"
    . "To:" . 'x' x 1100 . "\tOK\n";
my @lines = (3, 4, 6, 7);

site($text);
my $r = edit_ok('client', 'a.example');
for my $line (@lines) {
	like($r->{err}, qr/^tlsoff: warning: \Q$ACCESS\E:$line: .+; .+$/m,
	    "line $line is warned of, with the cure");
}
like($r->{err}, qr/:6: duplicate key "To:TWICE" \(first at line 2/,
    'a duplicate names the first');
is(entry('Try_TLS:a.example'), 'NO', 'the change is made all the same');
is(entry('To:twice'), 'OK', 'and the first of two counts, as ever');

site($text);
for my $dry ([], ['-n']) {
	$r = changes_nothing("--strict @$dry", sub {
		return edit('--strict', @$dry, 'client', 'a.example');
	});
	is($r->{status}, 65, '--strict: exit 65');
	like($r->{err}, qr/^tlsoff: \Q$ACCESS\E:$_: /m, "... shows line $_")
	    for @lines;
	like($r->{err}, qr/^tlsoff: \Q$ACCESS\E: \d+ lines that makemap rejects; .+$/m,
	    '... and what to do');
	is($r->{out}, '', '... and nothing is said to be done');
}
site("Connect:127\tRELAY\n");
edit_ok('--strict', 'client', 'a.example');
site("Try_TLS:a.example\n");
like(edit('--strict', 'client', 'b.example')->{err},
    qr/: 1 line that makemap rejects; correct it, or leave out --strict$/m,
    'one line alone is one line');

# Each fault alone, whatever looks for it: the builders, a run that has nothing to
# do, one that takes a line out, and one that only shows.
my %alone = (
	'none' => "To:fine\tOK\n",
	'no value' => "To:novalue\n",
	'a leading blank' => "  To:indented\tOK\n",
	'too long' => 'To:' . 'x' x 1100 . "\tOK\n",
	'the rest of a comment' => '# ' . 'x' x 1021 . "To:rest\tOK\n",
	'a NUL' => "To:nu\0l\tOK\n",
	'a duplicate' => "To:twice\tOK\nTo:twice\tNO\n",
	'one of TLS' => "TLS_Srv:a\tOK\nTLS_Srv:a\tNO\n",
	'none, for now' => "To:last\tO\0K",
);
sub warnings_of {
	my ($r) = @_;
	return join '', $r->{err} =~ /^(tlsoff: warning: .*\n)/mg;
}
my @builders = tlsoff('--version')->{out} =~ /without libdb/ ? 'makemap'
    : qw(makemap libdb patch);
for my $name (sort keys %alone) {
	site($alone{$name});
	my $strict = edit('--strict', '-n', 'client', 'b.example');
	my $count = () = $strict->{err} =~ /^tlsoff: \Q$ACCESS\E:\d+: /mg;
	is($count > 0, $name !~ /none/, "$name: --strict stops at it");
	for my $builder (@builders) {
		site($alone{$name});
		my @call = ('-b', $builder);
		my $said = warnings_of(edit('-n', @call, 'client', 'b.example'));
		is(() = $said =~ /^tlsoff: warning: \S+:\d+: /mg, $count,
		    "$name, $builder: warned of");
		is(warnings_of(edit_ok(@call, 'client', 'b.example')), $said,
		    '... and by the change');
		my $now = warnings_of(edit_ok(@call, 'client', 'b.example'));
		is(() = $now =~ /^tlsoff: warning: /mg, $count,
		    '... and where nothing is to be done');
		is(warnings_of(edit_ok(@call, 'remove', 'client', 'b.example')), $now,
		    '... and where a line is taken out');
	}
}

# Our own key among the faults.
site("Try_TLS:a.example\nTry_TLS:b.example NO\nTry_TLS:b.example OK\n");
$r = edit_ok('client', 'a.example', 'b.example');
is(entry('Try_TLS:a.example'), 'NO', 'a key without a value gets one');
is(entry('Try_TLS:b.example'), 'NO', 'the first of two decides');

# Not a page of them for each call.
site(join '', map { "novalue$_\n" } 1 .. 250);
$r = edit_ok('client', 'a.example');
is(() = $r->{err} =~ /^tlsoff: warning: .*:\d+: /mg, 100, '100 are shown');
like($r->{err}, qr/and 150 more such lines/, 'and the others counted');
$r = edit('--strict', 'client', 'b.example');
is(() = $r->{err} =~ /^tlsoff: \S+:\d+: /mg, 250, 'with --strict all are shown');

done_testing();
