#!/usr/bin/perl
# check: each finding has a file that shows it and one that does not, and
# --fix leaves nothing that it says it can mend.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP;
use Tlsoff;

my $dir = scratch();
my $access = "$dir/access";
my $cf = spew("$dir/sendmail.cf",
    "V10/Berkeley\nKaccess hash -T<TMPF> -o $access\n");
my @where = ('-C', $cf, '--makemap', $MAKEMAP, '--restart', 'none');

# Findings as "CODE:LINE", of a file with a map that is right.
sub findings {
	my ($text, @options) = @_;
	if (defined $text) {
		unlink "$access.db";
		spew($access, $text);
		tlsoff(@where, 'remove', 'client', 'none.invalid');
		chmod 0644, "$access.db";
	}
	my $r = tlsoff('-C', $cf, '-j', 'check', @options);
	my $found = eval { decode_json($r->{out})->{findings} };
	if (!defined $found) {
		diag($r->{out}, $r->{err});
		return 'no document';
	}
	is($r->{status}, @$found ? 1 : 0, 'the exit status says so');
	return $found;
}

sub codes {
	my ($found) = @_;
	return [map { $_->{code} . ':' . ($_->{line} // '-') } @$found];
}

# name, a text that shows CODE:LINE..., a text that does not
my @cases = (
	['managed', "$MARKER\nTry_TLS:a.example\tNO\n", ['managed:2'],
	    "Try_TLS:a.example\tNO\n$MARKER\nConnect:1.2.3.4\tOK\n"],
	['managed, other tags', "Srv_Features:a.example\tS\n$MARKER\n"
	    . "Srv_Features:b.example\tV\n", ['managed:3'], canit_section()],
	['comment', "Try_TLS:a.example\tNO # why\n", ['comment:1'],
	    "# why\nTry_TLS:a.example\tNO\n"],
	['comment, server', "Srv_Features:a.example\tS # Anna\n",
	    ['comment:1'], "Srv_Features:a.example\tS A\n"],
	['value', "Try_TLS:a.example\t\"NO\"\n", ['value:1'],
	    "Try_TLS:a.example\tno \n"],
	['value OFF', "Try_TLS:a.example\tOFF\n", ['value:1'],
	    "Try_TLS:a.example\tNO\r\n"],
	['value VS', "Srv_Features:a.example\tVS\n", ['value:1'],
	    "Srv_Features:a.example\tV S\n"],
	['value YES', "Try_TLS:a.example\tYES\n", ['value:1'],
	    "Try_TLS:b.example\tNO\nTry_TLS:a.b.example\tYES\n"],
	['an exemption from a net', "Try_TLS:a.example\tOK\n", ['value:1'],
	    "Try_TLS:192.0.2\tNO\nTry_TLS:a.example\tOK\n"],
	['value ?', "Try_TLS:b.example\tNO\nTry_TLS:a.b.example\t?\n",
	    ['value:2'], "Try_TLS:b.example\tNO\nTry_TLS:a.b.example\tOK\n"],
	['value OK, server', "Srv_Features:a.example\tOK\n", ['value:1'],
	    "Srv_Features:a.example\tA\n"],
	['stray-space', "Srv_Features: a.example S\n", ['stray-space:1'],
	    "Srv_Features:a.example S\n"],
	['stray-space, client', "Try_TLS: a.example NO\n", ['stray-space:1'],
	    "Try_TLS:a.example NO\n"],
	['a trailing dot', "Try_TLS:a.example.\tNO\n", ['key:1'],
	    "Try_TLS:A.example\tNO\n"],
	['compressed IPv6', "Try_TLS:IPv6:2001:db8::1\tNO\n", ['key:1'],
	    "Try_TLS:IPv6:2001:db8:0:0:0:0:0:1\tNO\n"],
	['brackets', "Try_TLS:[a.example]\tNO\n", ['key:1'],
	    "Try_TLS:[192.0.2.1]\tNO\n"],
	['CIDR', "Try_TLS:10.0.0.0/8\tNO\n", ['key:1'], "Try_TLS:10\tNO\n"],
	['an address', "Try_TLS:u\@a.example\tNO\n", ['key:1'],
	    "To:u\@a.example\tRELAY\n"],
	['a leading dot', "Try_TLS:.a.example\tNO\n", ['key:1'],
	    "Try_TLS:a.example\tNO\n"],
	['an asterisk', "Srv_Features:*.a.example\tS\n", ['key:1'],
	    "Srv_Features:a.example\tS\n"],
	['quotes', "Try_TLS:\"a.example\"\tNO\n", ['key:1'],
	    "Try_TLS:a_b.example\tNO\n"],
	['padded octets', "Try_TLS:192.000.002.001\tNO\n", ['key:1'],
	    "Try_TLS:192.0.2.1\tNO\n"],
	['too long', 'Try_TLS:' . 'a.' x 124 . "example\tNO\n", ['key:1'],
	    'Try_TLS:' . 'a.' x 100 . "example\tNO\n"],
	['duplicate', "Try_TLS:a.example\tNO\nTry_TLS:A.example\tNO\n",
	    ['duplicate:2'], "Try_TLS:a.example\tNO\nTry_TLS:b.example\tNO\n"],
	['duplicate, other tags', "To:a.example\tRELAY\nTo:a.example\tOK\n",
	    ['duplicate:2'], "To:a.example\tRELAY\nFrom:a.example\tOK\n"],
	['leading-space', " a.example\tOK\n", ['leading-space:1'],
	    "a.example\tOK\n"],
	['no-value', "a.example\n", ['no-value:1'], "a.example\tOK\n"],
	['too-long', '# ' . 'x' x 1021 . "y.example OK\n",
	    ['too-long:1', 'rest:1'], '# ' . 'x' x 1020 . "\n"],
	['net', "Try_TLS:10.1.2.0\tNO\n", ['net:1'], "Try_TLS:10.1.2\tNO\n"],
	['broad', "Try_TLS:com\tNO\n", ['broad:1'],
	    "Try_TLS:example.com\tNO\nTry_TLS:localhost\tNO\n"],
	['broad, IPv6', "Srv_Features:IPv6\tS\n", ['broad:1'],
	    "Srv_Features:IPv6:2001:db8\tS\n"],
	['everybody', "Try_TLS:\tNO\n", ['everybody:1'],
	    "Srv_Features:\tV\n"],
	['redundant', "Try_TLS:b.example\tNO\nTry_TLS:a.b.example\tNO\n",
	    ['redundant:2'],
	    "Try_TLS:b.example\tOK\nTry_TLS:x.example\tNO\n"
	    . "Try_TLS:192.0.2\tNO\nTry_TLS:a.b.example\tNO\n"],
	['hides', "Srv_Features:b.example\tV A\nSrv_Features:a.b.example\tS\n",
	    ['hides:2'],
	    "Srv_Features:b.example\tV A\nSrv_Features:a.b.example\tV A S\n"
	    . "Srv_Features:c.b.example\tv a S\n"],
	['hides, one letter', "Srv_Features:b.example\tV\nSrv_Features:a.b.example\tS\n",
	    ['hides:2'], "Srv_Features:b.example\tV\nSrv_Features:a.b.example\tv S\n"],
	['requirement', "Try_TLS:a.example\tNO\nTLS_Srv:example\tVERIFY\n",
	    ['requirement:1'], "Try_TLS:a.example\tNO\nTLS_Srv:example\tVERIFY\n"
	    . "TLS_Srv:a.example\tOK\n"],
	['requirement, server', "Srv_Features:a.example\tS\n"
	    . "TLS_Clt:a.example\tENCR:112\n", ['requirement:1'],
	    "Srv_Features:a.example\tS\nTLS_Srv:a.example\tENCR:112\n"],
	['requirement, rcpt', "Try_TLS:a.example\tNO\nTLS_Rcpt:b.example\t"
	    . "ENCR:112\n", ['requirement:2'],
	    "Srv_Features:a.example\tS\nTLS_Rcpt:b.example\tENCR:112\n"],
	['expired', "# tlsoff until 2001-12-31: x\nTry_TLS:a.example\tNO\n",
	    ['expired:2'],
	    "# tlsoff until 9999-12-31: x\nTry_TLS:a.example\tNO\n"],
	['date', "# tlsoff until 2001-02-30\nTry_TLS:a.example\tNO\n",
	    ['date:1'], "# tlsoff: until soon\nTry_TLS:a.example\tNO\n"],
	['orphan', "# tlsoff until 2001-12-31\n\nTry_TLS:a.example\tNO\n",
	    ['orphan:1'], "# until 2001-12-31\n\nTry_TLS:a.example\tNO\n"],
	['marker', "# for CanIt\nConnect:192.0.2\tREJECT\n", ['marker:1'],
	    "# for CanIt\n$MARKER\n"],
);

for my $case (@cases) {
	my ($name, $bad, $codes, $good) = @$case;
	subtest $name => sub {
		is_deeply(codes(findings($good)), [], 'a file without it');
		my $found = findings($bad);
		is_deeply(codes($found), $codes, 'a file with it');
		my $left = findings(undef, '--fix', @where[2 .. $#where]);
		is_deeply([grep { $_->{fixable} } @$left], [],
		    '--fix leaves nothing that it can mend');
		is(scalar @$left, scalar(grep { !$_->{fixable} } @$found),
		    '... and nothing new') or diag(slurp($access));
		is_deeply(codes(findings(undef)), codes($left),
		    '... and says what is left');
	};
}

done_testing();
