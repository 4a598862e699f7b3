#!/usr/bin/perl
# remove takes out what tlsoff put in, its comment and date with it, and says
# when a broader entry still keeps TLS off.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Tlsoff;
use Tlsoff::Site;

scratch();
my $text = "# first\nConnect:127\tRELAY\n# not ours\n" . canit_section();
my @changes = (
	['client', 'a.example'],
	['server', 'a.example', '192.0.2.1', '2001:db8::1'],
	['-c', 'asked by Ann, ticket 7', 'client', 'a.example'],
	['-c', 'asked by Ann', 'server', 'a.example', 'b.example'],
	['-u', '2999-12-31', 'client', 'a.example'],
	['-u', '30d', '-c', "until they mend it \xc3\xa4", 'server', 'a.example'],
	['--force', 'client', 'com'],
	['--force', 'client', ''],
);
for my $change (@changes) {
	my @words = @$change;
	my %option;
	while ($words[0] =~ /\A-/) {
		my $name = shift @words;
		$option{$name} = $name eq '--force' ? 1 : shift @words;
	}
	site($text);
	edit_ok(@$change);
	isnt(text(), $text, "@$change: a change");
	like(text(), qr/^#.*\Q$option{-c}\E/m, '... with its comment')
	    if defined $option{-c};
	like(text(), qr/^#.*\b\d{4}-\d\d-\d\d\b/m, '... with its date')
	    if defined $option{-u};
	# remove asks again for everybody's.
	unshift @words, '--force' if $words[1] eq '';
	my $r = edit_ok('remove', @words);
	is(text(), $text, '... and remove gives the old file back');
	like($r->{out}, qr/^removed /m, '... and says so');
	$r = edit_ok('remove', @words);
	like($r->{out}, qr/^unchanged /m, '... once');
	is(text(), $text, '... and no more');
}

site("Srv_Features:a.example V S\nTry_TLS:b.example NO\nTry_TLS:example NO\n");
my $r = edit_ok('remove', 'server', 'a.example');
like(text(), qr/^Srv_Features:a\.example V$/m, 'V S goes back to V');
$r = edit_ok('remove', 'client', 'b.example');
like("$r->{out}$r->{err}", qr/Try_TLS:example/,
    'a broader entry that keeps TLS off is named');
like(text(), qr/^Try_TLS:example NO$/m, '... and stays');

site("# tlsoff until 2020-01-01\n# tlsoff: why\nTry_TLS:a.example NO\n"
    . "Try_TLS:b.example NO\n");
edit_ok('remove', 'client', 'a.example');
is(text(), "Try_TLS:b.example NO\n",
    'no comment is left to stand above another entry');

# ---- what may have been meant ----

site("Try_TLS:luna.bagoona.com NO\nSrv_Features:luna.bagoona.com S\n"
    . "Srv_Features:in.cheddar.com V S\nTLS_Clt_Features:back.example Flags=C\n");
for my $case (
	[['luna.bagoona.com'], 64, qr/remove: client or server\?  There is Try_TLS:luna\.bagoona\.com NO \(line 1\) and Srv_Features:luna\.bagoona\.com S \(line 2\); write tlsoff remove client\|server luna/],
	[['IN.cheddar.com.'], 64, qr/There is Srv_Features:in\.cheddar\.com V S \(line 3\); write tlsoff remove server in\.cheddar\.com$/m],
	[['back.example'], 64, qr/write tlsoff remove client back\.example$/m],
	[['client', 'lunar.bagoona.com'], 0, qr/did you mean: tlsoff remove client luna\.bagoona\.com$/m],
	[['client', 'in.cheddar.com'], 0, qr/there is Srv_Features:in\.cheddar\.com V S \(line 3\); did you mean: tlsoff remove server in/],
	[['client', 'quite.other.example'], 0, qr/\A\z/]) {
	my ($words, $status, $says) = @$case;
	$r = changes_nothing("remove @$words", sub { edit('remove', @$words) });
	is($r->{status}, $status, '... its status');
	like($r->{err}, $says, '... what may have been meant') or diag($r->{err});
}
# A fallback is the exemption of its host, where the cf knows it.
site("Srv_Features:back.example\tS\nTLS_Clt_Features:back.example\tFlags=C\n"
    . "Try_TLS:example\tNO\n");
append($CF, "Stls_clt_features\nR\$* \$| \$*\t\t\$: \$>D <\$1> <?> <! TLS_Clt_Features> <\$1>\n");
$r = edit_ok('remove', 'client', 'back.example');
like($r->{out}, qr/\Aremoved TLS_Clt_Features:back\.example Flags=C \(line 2\)\nmap /,
    'a fallback is removed, and nothing else told');
is($r->{err}, "tlsoff: warning: Try_TLS:back.example: Try_TLS:example NO (line 3) still keeps TLS off\n",
    '... but what still keeps TLS off');
is(text(), "Srv_Features:back.example\tS\nTry_TLS:example\tNO\n", '... the rest stays');

site("Try_TLS:luna.bagoona.com NO\n");
$r = edit_ok('remove', 'client', 'luna.bagoona.com', 'lunar.bagoona.com');
unlike($r->{err}, qr/did you mean/, 'what the same call removes is not proposed');
$r = tlsoff('-C', $CF, '-f', '/nowhere/access', 'remove', 'x.example');
is($r->{status}, 64, 'without a file, too, the role is asked for');

done_testing();
