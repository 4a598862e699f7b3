#!/usr/bin/perl
# The Ansible role over real ssh to mail servers on a network of their own:
# it makes them what it says in one change, nothing twice, and one server that
# is down or broken keeps no other from the job.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Tlsoff;
use Tlsoff::Namespace;
use Tlsoff::Fleet;
use Tlsoff::Sendmail;

enter_namespace();
install_sendmail();

my %hosts = map { $_ => start_host($_) } qw(mx1 mx2 mx3);
my @hosts = sort keys %hosts;
# A sendmail that knows entries for the fallback.
my $site = sendmail_cf('fleet', access => '/etc/mail/access',
    mc => "FEATURE(`tls_session_features')dnl");
my $text = "Connect:192.0.2.1\tREJECT\nTry_TLS:other.example\tNO\n" . canit_section();

sub mail { my ($name, $file) = @_; return "$hosts{$name}{mail}/$file" }

sub value {
	my ($name, $key) = @_;
	return map_value('/dev/null', 'hash', mail($name, 'access.db'), $key);
}

# Each server as it was at first.
sub reset_hosts {
	my ($access) = @_;
	for my $name (@hosts) {
		spew(mail($name, 'access'), $access);
		makemap('/dev/null', 'hash', mail($name, 'access.db'), $access);
		spew(mail($name, 'restarts'), '');
	}
	return;
}

# Each server counts its own restarts, in words that a shell alone may expand.
my $play = <<"END_OF_PLAY";
- hosts: all
  gather_facts: false
  roles:
    - role: tlsoff
      tlsoff_executable: $TLSOFF
      tlsoff_config: $site->{file}
      tlsoff_restart_command: HOME=restarted; echo \$HOME >>/etc/mail/restarts
END_OF_PLAY

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

# What all servers are afterwards.
sub all_are {
	my ($r, $changed, $access, $restarts) = @_;
	for my $name (@hosts) {
		is(recap($r, $name), "changed=$changed unreachable=0 failed=0",
		    "$name: changed=$changed");
		is(slurp(mail($name, 'access')), $access, '... the text');
		is(slurp(mail($name, 'restarts')), "restarted\n" x $restarts,
		    "... restarts: $restarts");
	}
	unlike($r->{out} . $r->{err}, qr/WARNING/, 'no warning');
	return;
}

# ---- --check --diff: says all, changes nothing ----

my $wanted = $play . <<'END_OF_PLAY';
      tlsoff_client:
        - luna.bagoona.com
        - host: mars.example
          reason: 'a "b" # $HOME `id` until 2020-01-01; client x'
          until: 2998-11-30
        - {host: fall.example, fallback: true, reason: '', until: null}
        - {host: over.example, until: "2020-01-01"}
        - {host: never.example, state: absent}
      tlsoff_server: [outbound.cheddar.com]
      tlsoff_reason: TLS broken on their side
      tlsoff_until: "2999-12-31"
END_OF_PLAY
my $common = '# tlsoff until 2999-12-31: TLS broken on their side';
my $new = "$common\nSrv_Features:outbound.cheddar.com\tS\n"
    . "TLS_Clt_Features:fall.example\tFlags=C\n"
    . "$common\nTry_TLS:luna.bagoona.com\tNO\n"
    . "# tlsoff until 2998-11-30: a \"b\" # \$HOME `id` until 2020-01-01; client x\n"
    . "Try_TLS:mars.example\tNO\n";
my $after = $text =~ s/(?=^\Q$MARKER\E$)/$new/mr;

reset_hosts($text);
my $r = playbook($wanted, '--check', '--diff');
ended($r, 0, '--check --diff');
all_are($r, 1, $text, 0);
like($r->{out}, qr/^\+Try_TLS:luna\.bagoona\.com\tNO/m, 'the diff is shown');
like($r->{out}, qr/^\+Srv_Features:outbound\.cheddar\.com\tS/m, '... of both roles');

# ---- for real, then once more ----

$r = playbook($wanted, '--diff');
ended($r, 0, 'the role is played');
all_are($r, 1, $after, 1);
like($r->{out}, qr/^\+Try_TLS:mars\.example\tNO/m, 'with its diff');
is(value('mx3', 'try_tls:mars.example'), 'NO', 'the map has an entry of client');
is(value('mx3', 'srv_features:outbound.cheddar.com'), 'S', '... and of server');
$r = playbook($wanted);
ended($r, 0, 'played again');
all_are($r, 0, $after, 1);
$r = playbook($wanted, '--check', '--diff');
ended($r, 0, '... and with --check');
all_are($r, 0, $after, 1);
unlike($r->{out}, qr/^[+-]/m, '... without a diff');

# ---- what is past its date or absent goes, and with exclusive all else ----

my $less = $play . <<'END_OF_PLAY';
      tlsoff_client:
        - {host: luna.bagoona.com, state: absent}
        - {host: fall.example, until: "2020-01-01"}
        - mars.example
END_OF_PLAY
my $least = $text =~ s/(?=^\Q$MARKER\E$)/$common\nSrv_Features:outbound.cheddar.com\tS\nTry_TLS:mars.example\tNO\n/mr;
$r = playbook($less);
ended($r, 0, 'what is absent or over');
all_are($r, 1, $least, 2);
my $exclusive = "$less      tlsoff_exclusive: true\n";
$r = playbook($exclusive);
ended($r, 0, 'exclusive');
my $only = "Connect:192.0.2.1\tREJECT\nTry_TLS:mars.example\tNO\n" . canit_section();
all_are($r, 1, $only, 3);
$r = playbook($exclusive);
ended($r, 0, 'exclusive once more');
all_are($r, 0, $only, 3);
$r = playbook("$play      tlsoff_exclusive: true\n");
isnt($r->{status}, 0, 'exclusive without a host: refused');
like($r->{out}, qr/mx1.*wants no exemption at all/, '... and says so');
is(slurp(mail('mx1', 'access')), $only, '... and changes nothing');
$r = playbook("$play      tlsoff_exclusive: true\n      tlsoff_force: true\n");
ended($r, 0, 'exclusive and force without a host');
all_are($r, 1, "Connect:192.0.2.1\tREJECT\n" . canit_section(), 4);
$r = playbook("$play      tlsoff_reason: none is wanted\n");
ended($r, 0, 'no host: nothing to do');
all_are($r, 0, "Connect:192.0.2.1\tREJECT\n" . canit_section(), 4);

# ---- tlsoff is to be installed, and its timer enabled ----

my $timer = script(scratch() . '/stub/systemctl', <<'END_OF_STUB') =~ s{/[^/]*$}{}r;
#!/bin/sh
case $1 in
show) echo LoadState=loaded; echo ActiveState=inactive ;;
is-enabled) echo disabled; exit 1 ;;
*) echo "$*" >>/etc/mail/systemctl ;;
esac
END_OF_STUB
my $first = $play =~ s/(?=^  roles)/  environment: {PATH: '$timer:{{ lookup("env", "PATH") }}'}\n/mr
    . "      tlsoff_client: [luna.bagoona.com]\n      tlsoff_expire: true\n";
my $missing = $first =~ s/\Q$TLSOFF\E/tlsoff-not-there/r;
reset_hosts($text);
$r = playbook("$missing      tlsoff_package: /nowhere/tlsoff.deb\n", '--check', '--diff');
ended($r, 0, '--check before tlsoff is installed');
is(recap($r, 'mx1'), 'changed=1 unreachable=0 failed=0', '... would change');
like($r->{err}, qr/tlsoff-not-there is not installed: what\s+would\s+change/, '... and warns');
$r = playbook($missing);
isnt($r->{status}, 0, 'without tlsoff: a failure');
like($r->{out}, qr/mx1.*tlsoff-not-there/, '... that names it');
ended(playbook($first), 0, 'with it and the timer');
is(slurp(mail('mx2', 'systemctl')), "enable tlsoff-expire.timer\nstart tlsoff-expire.timer\n",
    '... the timer is on');

# ---- what the module returns, and its warnings ----

sub tasks {
	my ($tasks) = @_;
	return playbook("- hosts: mx1\n  gather_facts: false\n  module_defaults:\n    tlsoff:\n"
	    . "      executable: $TLSOFF\n      config: $site->{file}\n"
	    . "      restart_command: echo restarted >>/etc/mail/restarts\n  tasks:\n$tasks");
}

reset_hosts("Connect:192.0.2.1\tREJECT\n" x 2);
$r = tasks(<<'END_OF_TASKS');
    - tlsoff:
        client: [luna.bagoona.com]
        restart: restart
        builder: libdb
        lock_wait: 5
      register: r
    - debug:
        msg: "{{ r.changes[0].action }} {{ r.changes[0].key }} {{ r.map.builder }} {{ r.service.by }}"
    - tlsoff:
        client: [Luna.Bagoona.COM.]
        marker: ^# no such line$
      register: r
    - debug:
        msg: "{{ r.changes[0].action }} {{ r.service.action }}"
END_OF_TASKS
ended($r, 0, 'tasks of the module alone');
like($r->{out}, qr{"added Try_TLS:luna\.bagoona\.com libdb echo restarted >>/etc/mail/restarts"},
    'it returns changes, map and service');
like($r->{out}, qr/"unchanged none"/, '... also where nothing is to do');
like($r->{err}, qr/WARNING.*access:2:/, 'warnings of tlsoff are warnings');

# ---- sendmail is not back ----

$r = tasks(<<'END_OF_TASKS');
    - tlsoff:
        client: [mars.example]
        restart_command: exit 3
END_OF_TASKS
isnt($r->{status}, 0, 'a restart that fails: a failure');
like($r->{out}, qr/"changed": true.*"msg": "sendmail: .*the change is in place, but/,
    '... that says that the change is in place');
like(slurp(mail('mx1', 'access')), qr/^Try_TLS:mars\.example\tNO$/m, '... and it is');

# ---- what is no use is refused before anything is changed ----

my $before = slurp(mail('mx1', 'access'));
my @cases = (
	['client: [x.example, "a b"]', 'client item 2 \"a b\": host: no host, or more than one'],
	['client: [""]', 'client item 1 \"\": host: no host'],
	['client: ["# x"]', 'host: no host'],
	['server: [{host: "a.example\nclient b.example"}]', 'server item 1 \"a.example\\\\nclient b.example\": host: has a line end'],
	['client: [{host: a.example, reason: "x\nclient b.example"}]', 'client item 1 \"a.example\": reason: has a line end'],
	['client: [{host: a.example, reason: "x\ry"}]', 'reason: has a line end or another control'],
	["client: [a.example]\n        reason: \"x\\ny\"", 'client item 1 \"a.example\": reason: has a line end'],
	["client: [a.example]\n        until: 30d", 'until: \"30d\" is no date; write one such as 2026-12-31'],
	['client: [{host: a.example, until: "2026-12-31 # x"}]', 'is no date'],
	['client: [{host: a.example, until: "2026-12-31\n"}]', 'until: has a line end'],
	['client: [{host: a.example, until: "2026-02-30"}]', 'client item 1 \"a.example\": no date \"2026-02-30\"'],
	['client: [a.example, x@b.example]', 'client item 2 \"x@b.example\": \"x@b.example\": it is a mail address'],
	["client: [{host: a.example, reason: x}, a.example]", 'client item 2 \"a.example\": client a.example is wanted otherwise in client item 1 \"a.example\"'],
	['client: [10.10]', 'host: 10.1 is no string; put it in quotes'],
	['client: [{reason: x}]', 'client item 1: host: no host'],
	['client: [{host: a.example, fallback: perhaps}]', 'fallback: neither true nor false'],
	['server: [{host: a.example, fallback: true}]', 'fallback: no such member; there are host, reason, until, state'],
	['client: [{host: a.example, util: "2026-12-31"}]', 'util: no such member'],
	['client: [{host: a.example, state: gone}]', 'state: neither present nor absent'],
	["client: [a.example]\n        config: /nowhere/cf", '/nowhere/cf: '],
);
$r = tasks(join '', map { "    - tlsoff:\n        $_->[0]\n      ignore_errors: true\n" } @cases);
is(() = $r->{out} =~ /^\.\.\.ignoring$/mg, scalar @cases, 'each of them is refused');
my @said = $r->{out} =~ /FAILED! => .*?"msg": "((?:[^"\\]|\\.)*)"/g;
for my $i (0 .. $#cases) {
	like($said[$i], qr/\Q$cases[$i][1]\E/, "... $cases[$i][0]" =~ s/\n */, /r);
}
is(slurp(mail('mx1', 'access')), $before, '... and changes nothing');
for my $wrong ('restart: bounce', 'exclusive: perhaps', 'lock_wait: long', 'client: {host: a.example}') {
	my ($name) = split /:/, $wrong;
	$r = playbook("$play      tlsoff_$wrong\n", '--limit', 'mx1');
	isnt($r->{status}, 0, "the role refuses tlsoff_$wrong");
	like($r->{out}, qr/Validating arguments.*Validation of arguments failed.*tlsoff_$name/s, '... by its specification');
}

# ---- one down, one broken ----

reset_hosts($text);
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
is(slurp(mail('mx3', 'access')), $after, 'mx3 has the new text');
is(value('mx3', 'try_tls:luna.bagoona.com'), 'NO', '... and map');

done_testing();
