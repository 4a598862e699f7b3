#!/usr/bin/perl
# The Ansible role over real ssh to mail servers on a network of their own:
# it changes what it says and nothing twice, and one server that is down or
# broken keeps no other from the job.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Tlsoff;
use Tlsoff::Namespace;
use Tlsoff::Fleet;

enter_namespace();
install_sendmail();

my %hosts = map { $_ => start_host($_) } qw(mx1 mx2 mx3);
my $text = "Connect:192.0.2.1\tREJECT\n" . canit_section();

sub mail { my ($name, $file) = @_; return "$hosts{$name}{mail}/$file" }

sub value {
	my ($name, $key) = @_;
	return map_value('/dev/null', 'hash', mail($name, 'access.db'), $key);
}

for my $name (sort keys %hosts) {
	spew(mail($name, 'access'), $text);
	makemap('/dev/null', 'hash', mail($name, 'access.db'), $text);
	spew(mail($name, 'restarts'), '');
}

# Each server counts its own restarts.
my $play = <<"END";
- hosts: all
  gather_facts: false
  roles:
    - role: tlsoff
      tlsoff_executable: $TLSOFF
      tlsoff_restart_command: echo restarted >>/etc/mail/restarts
END
my $wanted = $play . <<'END';
      tlsoff_client: [luna.bagoona.com, mars.example]
      tlsoff_server: [outbound.cheddar.com]
      tlsoff_comment: TLS broken on their side
      tlsoff_until: "2999-12-31"
END

sub recap {
	my ($r, $name) = @_;
	my ($line) = $r->{out} =~ /^(\Q$name\E\s+: .*)$/m;
	my %count = ($line // '') =~ /(\w+)=(\d+)/g;
	return join ' ', map { "$_=" . ($count{$_} // '?') }
	    qw(changed unreachable failed);
}

sub ended {
	my ($r, $status, $what) = @_;
	is($r->{status}, $status, $what) or diag("$r->{out}$r->{err}");
	return;
}

# ---- --check --diff: says all, changes nothing ----

my $r = playbook($wanted, '--check', '--diff');
ended($r, 0, '--check --diff');
for my $name (sort keys %hosts) {
	is(recap($r, $name), 'changed=1 unreachable=0 failed=0',
	    "$name: would change");
	is(slurp(mail($name, 'access')), $text, '... and does not');
}
like($r->{out}, qr/^\+Try_TLS:luna\.bagoona\.com\tNO/m, 'the diff is shown');
like($r->{out}, qr/^\+Srv_Features:outbound\.cheddar\.com\tS/m, '... of both');

# ---- for real, then once more ----

$r = playbook($wanted, '--diff');
ended($r, 0, 'the role is played');
like($r->{out}, qr/^\+Try_TLS:mars\.example\tNO/m, 'with its diff');
for my $name (sort keys %hosts) {
	is(recap($r, $name), 'changed=1 unreachable=0 failed=0', "$name: changed");
	my $now = slurp(mail($name, 'access'));
	like($now, qr/^# tlsoff until 2999-12-31: TLS broken on their side\n(?:.*\n)*?Try_TLS:luna\.bagoona\.com\tNO\n/m,
	    '... the text, with reason and day');
	is(value($name, 'try_tls:mars.example'), 'NO',
	    '... the map');
	is(value($name, 'srv_features:outbound.cheddar.com'),
	    'S', '... both roles');
	is(slurp(mail($name, 'restarts')), "restarted\n" x 2,
	    '... one restart a role');
}
$r = playbook($wanted);
ended($r, 0, 'played again');
for my $name (sort keys %hosts) {
	is(recap($r, $name), 'changed=0 unreachable=0 failed=0',
	    "$name: nothing to do");
	is(slurp(mail($name, 'restarts')), "restarted\n" x 2,
	    '... and no restart');
}

# ---- and back ----

my $back = $play . <<'END';
      tlsoff_client_absent: [luna.bagoona.com, mars.example]
      tlsoff_server_absent: [outbound.cheddar.com]
END
ended(playbook($back), 0, 'exceptions taken back');
is(slurp(mail($_, 'access')), $text, "$_: the old text") for sort keys %hosts;

# ---- one down, one broken ----

absent_host('mx4');
unlink mail('mx2', 'access');
mkdir mail('mx2', 'access');
$r = playbook($wanted);
isnt($r->{status}, 0, 'one down, one broken: it is no success');
is(recap($r, 'mx1'), 'changed=1 unreachable=0 failed=0', 'mx1 is done');
is(recap($r, 'mx3'), 'changed=1 unreachable=0 failed=0', 'mx3 is done');
is(recap($r, 'mx4'), 'changed=0 unreachable=1 failed=0', 'mx4 is unreachable');
is(recap($r, 'mx2'), 'changed=0 unreachable=0 failed=1', 'mx2 failed');
like($r->{out}, qr{mx2.*/etc/mail/access: .*not a (?:regular |plain )?file}s,
    '... and the failure names its file');
is(value('mx3', 'try_tls:luna.bagoona.com'), 'NO',
    'the map of mx3 has the new entry');

# ---- what is no use is refused before anything is changed ----

$r = playbook($play . "      tlsoff_client: [\"a b\"]\n");
isnt($r->{status}, 0, 'no host: a failure');
like($r->{out}, qr/mx1.*a b/s, '... that names it');
$r = playbook($play . "      tlsoff_client: [c.example]\n      tlsoff_until: 30d\n");
isnt($r->{status}, 0, 'until 30d: a failure');
like($r->{out}, qr/30d.*is no date/, '... that says why');

done_testing();
