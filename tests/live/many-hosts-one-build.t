#!/usr/bin/perl
# 200 hosts on standard input are one change: one map build, one restart.  The
# same call again: unchanged, no build, no restart.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Tlsoff;
use Tlsoff::Namespace;
use Tlsoff::Sendmail;

enter_namespace();
my $site = sendmail_cf('mx');
build_map($site, debian_access() . canit_section());
my $makemap = counter('makemap', "exec $MAKEMAP");
my $restart = counter('restart', ':');
my @call = ('-C', $site->{file}, '-b', 'makemap', '--makemap', $makemap,
    '--restart-command', $restart);
my @hosts = map { "mx$_.customer" . ($_ % 17) . '.example' } 1 .. 200;
my $input = "# from the ticket\n" . join "\n", @hosts, '', '';
start_daemon($site);

for my $role (qw(client server)) {
	unlink "$makemap.calls", "$restart.calls";
	my $r = tlsoff_ok(@call, $role, '-', { stdin => $input });
	is(() = $r->{out} =~ /^added /mg, 200, "$role: 200 lines say added");
	is(calls($makemap), 1, "$role: one map build");
	is(calls($restart), 1, "$role: one restart");
	my @answers = ask($site->{file}, map { [$role, $_, '192.0.2.1'] } @hosts);
	is(scalar(grep { $_->{tls} eq 'off' } @answers), 200,
	    "$role: sendmail's rulesets say off for all 200");

	my @before = map { identity($_) } @$site{qw(access map_file)};
	$r = tlsoff_ok(@call, $role, '-', { stdin => $input });
	is(() = $r->{out} =~ /^unchanged /mg, 200,
	    "$role: the second call says unchanged 200 times");
	unlike($r->{out}, qr/^(?:added|changed|moved|removed)/m,
	    "$role: and nothing else");
	is(calls($makemap), 1, "$role: no second build");
	is(calls($restart), 1, "$role: no second restart");
	is_deeply([map { identity($_) } @$site{qw(access map_file)}], \@before,
	    "$role: neither file was touched");
}

# A map that is older than the text is mended, even where the text is right.
unlink "$makemap.calls", "$restart.calls";
makemap($site->{file}, 'hash', $site->{access}, "Connect:127 RELAY\n");
my $r = tlsoff_ok(@call, 'client', $hosts[0]);
like($r->{out}, qr/^unchanged /m, 'the text needs no change');
is(calls($makemap), 1, 'but the map that lacked it was built');
is(calls($restart), 1, 'and sendmail restarted');
is(ask($site->{file}, [client => $hosts[7], ''])->{tls}, 'off',
    'and every entry is in force');

done_testing();
