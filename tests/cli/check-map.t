#!/usr/bin/perl
# check looks at the map and the cf: missing, different, older, unsafe; no
# access map at all.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP;
use Tlsoff;

my $dir = scratch();
my $access = "$dir/mail/access";
my $map = "$access.db";
my $cf = "$dir/sendmail.cf";

# "CODE" or "CODE FILE" below the scratch directory.
sub codes {
	my @options = @_;
	my $r = tlsoff('-C', $cf, '-j', 'check', @options);
	my $found = decode_json($r->{out})->{findings};
	is($r->{status}, @$found ? 1 : 0, 'the exit status says so');
	return [map { "$_->{code} " . $_->{file} =~ s/^\Q$dir\E//r } @$found];
}

sub build {
	tlsoff_ok('-C', $cf, '--makemap', $MAKEMAP, '--restart', 'none',
	    'remove', 'client', 'none.invalid');
	chmod 0644, $map;
}

sub fix { return codes('--fix', '--makemap', $MAKEMAP, '--restart', 'none') }

spew($cf, "V10/Berkeley\nKaccess hash -T<TMPF> $access\n"
    . "O TrustedUser=$>\n");
spew($access, "Try_TLS:a.example\tNO\n");
is_deeply(codes(), ['map-missing /mail/access.db'], 'a map that is not there');
is_deeply(fix(), [], '... is built');
chmod 0644, $map;
is_deeply(codes(), [], '... and then nothing is wrong');

append($access, "Try_TLS:b.example\tNO\n");
is_deeply(codes(), ['map-differs /mail/access.db'], 'a map that differs');
is_deeply(fix(), [], '... is built');
is_deeply(codes(), [], '... and then nothing is wrong');

utime time - 100, time - 100, $map;
is_deeply(codes(), ['map-older /mail/access.db'], 'a map that is older');
is_deeply(fix(), [], '... is built');
cmp_ok((stat $map)[9], '>=', (stat $access)[9], '... and is older no more');

spew($map, 'garbage');
is_deeply(codes(), ['map-differs /mail/access.db'], 'a map that is none');
is_deeply(fix(), [], '... is built');
chmod 0644, $map;

# What older versions leave is named, and stays.
spew("$dir/mail/.access.tlsoff$_", '') for '', '-lock';
mkdir "$dir/mail/.access.db.tlsoff";
my @left = map { "left-over /mail/$_" } '.access.tlsoff',
    '.access.tlsoff-lock', '.access.db.tlsoff';
is_deeply(codes(), \@left, 'what older versions left beside them');
is_deeply(fix(), \@left, '... is not removed');
unlink map { "$dir/mail/.access.tlsoff$_" } '', '-lock';
rmdir "$dir/mail/.access.db.tlsoff";
is_deeply(codes(), [], '... but by hand');

# sendmail trusts root and TrustedUser; root itself reads what it may not.
my $trusting = slurp($cf);
spew($cf, $trusting =~ s/^O TrustedUser.*\n//mr);
chmod $> == 0 ? 0000 : 0600, $map;
is_deeply(codes(), ['map-unsafe /mail/access.db'],
    'a map that sendmail may not read');
spew($cf, $trusting);
chmod 0644, $map;
chmod 0775, "$dir/mail";
is_deeply(codes(), ['map-unsafe /mail'], 'a directory that its group may write');
append($cf, "O DontBlameSendmail=Safe,GroupWritableDirPathSafe\n");
is_deeply(codes(), [], '... passes where the cf says so');
chmod 0757, "$dir/mail";
is_deeply(codes(), ['map-unsafe /mail'], 'a directory that all may write');
chmod 0755, "$dir/mail";
append($cf, "O RunAsUser=65533:65533\n");
chmod 0640, $map;
is_deeply(codes(), ['map-unsafe /mail/access.db'],
    'a map that RunAsUser may not read');

spew($cf, "V10/Berkeley\n");
is_deeply(codes(), ['config /sendmail.cf'], 'a cf without access map');
my $r = tlsoff('-C', $cf, 'check');
like($r->{out}, qr/\A\Q$cf\E: [^\n]+\n\z/, '... one line, the file once');
unlike($r->{out}, qr/\Q$cf\E.*\Q$cf\E/, '... and no more than once');
is(tlsoff('-C', 'sendmail.cf', 'check', { dir => $cf =~ s{/[^/]*\z}{}r })->{out}, $r->{out},
    '... by whatever path it is named');
spew($cf, "V10/Berkeley\nKaccess hash -a. -T<TMPF> $access\n");
chmod 0644, $map;
is_deeply(codes(), ['config /sendmail.cf'], 'a K line that changes values');

$r = tlsoff('-C', $cf, '-n', 'check');
is($r->{status}, 64, '-n without --fix has no effect');
$r = tlsoff('-C', $cf, '-f', "$dir/none", 'check');
is($r->{status}, 66, 'no such file');

done_testing();
