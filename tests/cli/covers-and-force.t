#!/usr/bin/perl
# What one entry covers: a broader one is enough, --exact adds it all the same,
# --force is asked for what covers very many or makes mail bounce.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Tlsoff;
use Tlsoff::Site;

scratch();
my $text = "To:x\tOK\nTry_TLS:bagoona.com\tNO\nSrv_Features:192.0.2\tS\n";
for my $case (['client', 'luna.bagoona.com', 2], ['server', '192.0.2.7', 3]) {
	my ($role, $host, $line) = @$case;
	site($text);
	my $r = changes_nothing("$role $host", sub { return edit_ok($role, $host) });
	like($r->{out}, qr/^unchanged \S+:\Q$host\E: \S+ \S+ \(line $line\) covers it$/m,
	    '... names the broader line, once');
	$r = edit_ok('--exact', $role, $host);
	like($r->{out}, qr/^added \S+:\Q$host\E /m, '... --exact adds it');
	isnt(text(), $text, '... to the file');
}

for my $case (['client', 'com'], ['server', 'localhost'], ['client', ''],
    ['server', '']) {
	site($text);
	my $r = changes_nothing("@$case", sub { return edit(@$case) });
	is($r->{status}, 64, '... is refused');
	like($r->{err}, qr/--force/, '... with the cure');
	edit_ok('--force', @$case);
	isnt(text(), $text, '... --force does it');
	if ($case->[1] eq '') {
		$r = changes_nothing("remove @$case",
		    sub { return edit('remove', @$case) });
		is($r->{status}, 64, '... is refused, too');
		like($r->{err}, qr/\Atlsoff: "": .*--force.*\n\z/,
		    '... by one line with the cure');
		edit_ok('--force', 'remove', @$case);
		is(text(), $text, '... --force does that, too');
		next;
	}
	edit_ok('remove', @$case);
	is(text(), $text, '... remove needs none');
}

# An address is every peer there: also one that DNS gives no name, which sendmail
# asks for in brackets first.
site("Try_TLS:192.0.2\tNO\n");
like(edit_ok('client', '192.0.2.1')->{out}, qr/^unchanged .* covers it$/m,
    'a net covers the peers at an address, with a name and without');
site("Try_TLS:[192.0.2.1]\tNO\n");
like(edit_ok('client', '192.0.2.1')->{out}, qr/^added Try_TLS:192\.0\.2\.1 NO /m,
    'brackets cover those without a name alone');
for my $case (["Try_TLS:192.0.2\tNO\n", 'added'],
    ["Try_TLS:192.0.2.1\tNO\n", 'unchanged']) {
	my ($before, $action) = @$case;
	site("${before}Try_TLS:[192.0.2]\tOK\n");
	my $r = edit_ok('client', '192.0.2.1');
	like($r->{out}, qr/^$action Try_TLS:192\.0\.2\.1 NO /m,
	    "$action where brackets keep TLS on for a peer without a name");
	like($r->{err}, qr/^tlsoff: warning: Try_TLS:192\.0\.2\.1: .*\[192\.0\.2\.1\].* Try_TLS:\[192\.0\.2\] OK \(line 2\) decides; mend or remove it$/m,
	    '... and that entry is named');
}
site("Try_TLS:192.0.2.1\tNO\nTry_TLS:[192.0.2.1]\tNO\n");
like(edit_ok('remove', 'client', '192.0.2.1')->{err},
    qr/^tlsoff: warning: \S+: Try_TLS:\[192\.0\.2\.1\] NO \(line 2\) still keeps TLS off$/m,
    'what still keeps TLS off for a peer without a name is told');

# A variable of a shell that is not set, among others.
site("Try_TLS:\tNO\nTry_TLS:a.example\tNO\n");
for my $role (qw(client server)) {
	my $r = changes_nothing("remove $role with an empty word among others",
	    sub { return edit('remove', $role, 'a.example', '') });
	is($r->{status}, 64, '... is refused');
}

# Mail that would bounce for want of TLS.
site("TLS_Rcpt:a.example\tENCR:112\n");
my $r = changes_nothing('TLS_Rcpt', sub { return edit('client', 'a.example') });
is($r->{status}, 65, '... a bounce is refused');
like($r->{err}, qr/TLS_Rcpt:a\.example.*--force/s, '... with line and cure');
edit_ok('--force', 'client', 'a.example');
is(entry('Try_TLS:a.example'), 'NO', '... --force does it');
site("TLS_Srv:b.example\tVERIFY\n");
$r = edit_ok('client', 'b.example');
like($r->{err}, qr/^tlsoff: warning: .*TLS_Srv:b\.example/m,
    'mail that will wait is warned of');

# A host that is turned away, and letters that leave no room.
site("Srv_Features:a.example\t<TMPF>\n");
$r = changes_nothing('<TMPF>', sub { return edit('server', 'a.example') });
is($r->{status}, 65, '... a host that is turned away is refused');
like($r->{err}, qr/Srv_Features:a\.example.*temporary failure.*--force/,
    '... with the cure');
edit_ok('--force', 'server', 'a.example');
is(entry('Srv_Features:a.example'), 'S', '... --force does it');
site("Srv_Features:example\t" . 'A V ' x 240 . "\n");
$r = changes_nothing('the letters of a long line',
    sub { return edit('server', join('.', ('a' x 60) x 3, 'example')) });
is($r->{status}, 65, '... which would make another too long');
like($r->{err}, qr/longer than makemap reads; shorten/, '... with the cure');

# One refusal: none of the hosts is done.
site("TLS_Rcpt:a.example\tENCR:112\n");
$r = changes_nothing('all or nothing', sub {
	return edit('client', 'good.example', 'a.example');
});
is($r->{status}, 65, '... and exit 65');

done_testing();
