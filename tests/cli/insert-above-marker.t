#!/usr/bin/perl
# Where new lines go and what they look like: right above the marker, with the
# file's own line ending; every other byte stays.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Tlsoff;
use Tlsoff::Site;

scratch();
my $new = "Try_TLS:a.example\tNO\nTry_TLS:b.example\tNO\n";
my @hosts = ('client', 'a.example', 'b.example');
my $lower = lc $MARKER;

# [what, text before the new lines, text behind, options]
my @cases = (
	['no marker: at the end', "Connect:127\tRELAY\n", ''],
	['an empty file', '', ''],
	['a file of comments', "# nothing\n\n", ''],
	['above the marker', "Connect:127\tRELAY\n\n", canit_section()],
	['marker first', '', "$MARKER\nTo:x\tOK\n"],
	['marker alone, without newline', "To:y\tOK\n", $MARKER],
	['the first of several markers', "To:y\tOK\n",
	    "$MARKER\nTo:x\tOK\n$MARKER\n"],
	['marker in lower case', "To:y\tOK\n", "$lower\nTo:x\tOK\n"],
	['marker with blanks behind', "To:y\tOK\n", "$MARKER \t\nTo:x\tOK\n"],
	['no marker: text in front', "## $MARKER\nTo:x\tOK\n", ''],
	['no marker: text behind', "$MARKER!\nTo:x\tOK\n", ''],
	['another marker', "$MARKER\nTo:y\tOK\n", "### tool 7 ###\nTo:x\tOK\n",
	    '--marker', '### tool \d+ ###'],
	['another marker matches whole lines', "a ### tool 7 ###\n", '',
	    '--marker', '### tool \d+ ###'],
	['a comment of an entry that is gone stays nobody\'s', "To:y\tOK\n",
	    "# tlsoff until 2020-01-01: gone\n# tlsoff: gone\n"],
	['... above the marker, too', "To:y\tOK\n",
	    "# tlsoff until 2020-01-01\n$MARKER\nTo:x\tOK\n"],
	['... and without newline', "To:y\tOK\n", '# tlsoff: gone'],
	['odd bytes around', "# \xc4\xff \x80\n\n\nTo:y\tOK \t\n",
	    "$MARKER\n# \xff\n"],
);
for my $case (@cases) {
	my ($what, $before, $behind, @options) = @$case;
	site("$before$behind");
	my $r = edit_ok(@options, @hosts);
	is(text(), "$before$new$behind", $what);
	my $line = 1 + ($before =~ tr/\n//);
	like($r->{out}, qr/^added Try_TLS:a\.example NO \(line $line\)$/m,
	    '... says the line');
	is(entry('Try_TLS:b.example'), 'NO', '... in the map too');
	edit_ok(@options, 'remove', @hosts);
	is(text(), "$before$behind", '... and remove gives the old file back');
}

my $until = "# tlsoff until 9999-12-31\nTry_TLS:a.example\tNO\n";
for my $there ("Try_TLS:a.example\tNO\n", "$MARKER\nTry_TLS:a.example\tNO\n") {
	site($there);
	edit_ok('--until', '9999-12-31', 'client', 'a.example');
	like(text(), qr/\A\Q$until\E(?:\Q$MARKER\E\n)?\z/,
	    'a date alone, for an entry that is there');
}

site("To:y\tOK");
edit_ok(@hosts);
is(text(), "To:y\tOK\n$new", 'a last line without newline gets one');
site("To:y\tOK\r\n$MARKER\r\nTo:x\tOK\r\n");
edit_ok(@hosts);
is(text(), "To:y\tOK\r\n" . ($new =~ s/\n/\r\n/gr) . "$MARKER\r\nTo:x\tOK\r\n",
    'CRLF stays CRLF');
site("To:y\tOK\r\nTo:x\tOK");
edit_ok(@hosts);
is(entry('To:x'), 'OK',
    'a last line without newline keeps its value where others end in CRLF');

done_testing();
