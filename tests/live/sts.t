#!/usr/bin/perl
# MTA-STS: no binary of Debian's has it, so what its rulesets say is asked of them:
# with the letter M, which a companion gives, a host's policy does not count.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Tlsoff;
use Tlsoff::Namespace;
use Tlsoff::Sendmail;

enter_namespace();
my $site = sendmail_cf('sts', mc => "FEATURE(`sts', `hash /tlsoff.test/policies')dnl");
my $sts = $site->{file};
build_map($site, "Connect:127\tRELAY\n");
like(slurp($sts), qr/^O StrictTransportSecurity=true$/m, 'FEATURE(sts) turns it on in the cf');
makemap($sts, 'hash', '/tlsoff.test/policies',
    "secure.example secure match=.secure.example servername=hostname\n");

# Does the policy of a recipient's domain count, for a host with these flags?
# sendmail has each capital twice in the macro.
sub counts {
	my ($flags) = @_;
	my $in = ".D{rcpt_addr}u\@secure.example\n.D{client_flags}$flags\nSTS_disabled x\n";
	my $r = run([$SENDMAIL, '-C', $sts, '-bt'], stdin => $in);
	my ($result) = $r->{out} =~ /^STS_disabled +returns: (.*?)\s*$/m;
	return { '< STS >' => 'counts', '< >' => 'does not' }->{ $result // '' } // $r->{out};
}

is(counts(''), 'counts', 'without the letter the policy counts');
is(counts('SS'), 'counts', '... nor does S end that');
is(counts('MM'), 'does not', 'with M it does not');
is(counts('SS MM'), 'does not', '... nor with both');

# What this sendmail asks for decides who can have a companion.
my $by_name = slurp($sts) =~ /^Sclt_features\n(?:(?!S).*\n)*?R.*>D <\$1>/m;
my @call = ('-C', $sts, '--restart', 'none');
my $host = $by_name ? 'luna.bagoona.com' : '';
my $r = tlsoff_ok(@call, '--force', 'client', $host);
like($r->{out}, qr/^added Clt_Features:\Q$host\E M \(line \d\): the cf has O StrictTransportSecurity=true/m,
    'client gives the companion M');
like(slurp($site->{access}), qr/^# tlsoff companion M\nClt_Features:\Q$host\E\tM$/m, '... and remembers it');
my ($letters) = ask($sts, ['features', 'luna.bagoona.com']);
is($letters->{value}, 'M', '... sendmail gets it for the host');

sub found { return tlsoff('-C', $sts, 'check')->{out} }

unlike(found(), qr/STS/, '... and check misses nothing');
build_map($site, "Try_TLS:$host\tNO\n");
like(found(), qr/mail to it bounces where MTA-STS applies/,
    'without it check tells');
$r = tlsoff_ok(@call, '--force', 'remove', 'client', $host);
is(slurp($site->{access}), '', 'remove takes all of it out');

done_testing();
