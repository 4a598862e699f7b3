#!/usr/bin/perl
# A Debian as installed with its daemon running, and no option at all: the
# change is made, sendmail restarted by the init script, once, and the new
# daemon obeys.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Tlsoff;
use Tlsoff::Namespace;
use Tlsoff::Sendmail;

enter_namespace();
my $site = debian_site(debian_access() . canit_section());
start_daemon($site);

# What the init script was asked to do since the last question.
sub asked {
	my $text = -e '/tlsoff.test/init.calls' ? slurp('/tlsoff.test/init.calls') : '';
	unlink '/tlsoff.test/init.calls';
	return join ' ', grep { !/status/ } split /\n/, $text;
}

is(smtp_ehlo('127.0.0.1')->{starttls}, 1, 'STARTTLS is offered at first');

my $pid = daemon_pid($site);
my $r = tlsoff_ok('server', '127.0.0.1');
is(asked(), 'restart', 'server 127.0.0.1: one restart by /etc/init.d/sendmail');
like($r->{out}, qr{^sendmail restarted by .*/etc/init\.d/sendmail}m,
    '... and it says so');
isnt(daemon_pid($site), $pid, '... it is another process');
is(smtp_ehlo('127.0.0.1')->{starttls}, 0, '... STARTTLS is not offered');

$r = tlsoff_ok('server', '127.0.0.1');
is(asked(), '', 'the same again: no restart');

$r = tlsoff_ok('--restart', 'reload', 'remove', 'server', '127.0.0.1');
is(asked(), 'reload', '--restart reload: a reload');
like($r->{out}, qr/^sendmail reloaded/m, '... and it says so');
is(smtp_ehlo('127.0.0.1')->{starttls}, 1, '... STARTTLS is offered again');

# Logged for the auditor.
clear_mail_log();
$r = tlsoff('server', '192.0.2.7', { env => { SUDO_USER => 'alice' } });
like(wait_log(qr/tlsoff/), qr/tlsoff.*alice.*Srv_Features:192\.0\.2\.7|tlsoff.*Srv_Features:192\.0\.2\.7.*alice/,
    'syslog holds who asked and the key');
like(mail_log(), qr{/etc/mail/access}, '... and the file');
for my $case (
	[['-c', 'ticket 7', '-u', '2099-12-31', 'server', '192.0.2.7'],
	    qr/changed Srv_Features:192\.0\.2\.7 S in \S+ by root, until 2099-12-31, reason: ticket 7$/m],
	[['-c', "8 \xc3\xa4", 'server', '192.0.2.7'], qr/until 2099-12-31, reason: 8 \\xc3\\xa4$/m],
	[['remove', 'server', '192.0.2.7'], qr/removed Srv_Features:192\.0\.2\.7 S in \S+ by root, until 2099-12-31, reason: 8 /]) {
	my ($call, $like) = @$case;
	clear_mail_log();
	tlsoff_ok(@$call);
	like(wait_log(qr/tlsoff/), $like, '... and reason and date');
}
# Whether it is back was asked without a session that says nothing.
unlike(mail_log(), qr/did not issue/, 'no session without a word');

# The script says it worked and nothing came back.
asked();
script('/etc/init.d/sendmail',
    "#!/bin/sh\necho \"\$*\" >>/tlsoff.test/init.calls\nkill \$(sed -n 1p $site->{pid_file})\n");
clear_mail_log();
$r = tlsoff('server', '192.0.2.8', map { "198.51.100.$_" } 1 .. 30);
is($r->{status}, 69, 'a restart after which no sendmail runs is exit 69')
    or diag($r->{out}, $r->{err});
like($r->{err}, qr/sendmail/, '... with a message');
is(map_value($site->{file}, 'hash', $site->{access}, 'Srv_Features:192.0.2.8'),
    'S', '... the change is in place');
like(wait_log(qr/failed: /), qr/tlsoff.* 192\.0\.2\.8 198\.51\.100\.1 .* by root failed: /,
    '... and syslog tells what was asked');
unlike(mail_log(), qr/198\.51\.100\.30 by root/, '... the beginning of it, where it is long');

# It does not run: it is not started.
asked();
$r = tlsoff_ok('server', '192.0.2.9');
like($r->{out}, qr/not running/, 'a sendmail that does not run is not started');
is(asked(), '', '... nor its script asked to');

done_testing();
