# Sendmail.pm: real sendmail under test: its cf, its rulesets, its daemon.
#
#   my $cf = sendmail_cf('mx', address => '127.0.0.2', tls => 1);
#   my @verdicts = ask($cf->{file}, [client => 'luna.bagoona.com', '192.0.2.1']);
#   start_daemon($cf);  smtp_ehlo('127.0.0.2')->{starttls};
#   send_mail($cf, 'me@test.example', 'someone@bagoona.com');
#
# sendmail_cf(NAME, ...) makes /tlsoff.test/NAME/ with sendmail.cf, queue/, pid and
# (tls) key and certificate, from an .mc by sendmail's own m4 files:
#   access      path of the access file (default /tlsoff.test/NAME/mail/access)
#   map         the K line after its name, instead of "hash -T<TMPF> ACCESS"
#   no_skip     FEATURE(access_db) without `skip'; Debian has it
#   dotdomain   FEATURE(`lookupdotdomain')
#   trusted     TrustedUser
#   compressed  UseCompressedIPv6Addresses
#   address     where the daemon listens, IPv4 or IPv6 (default 127.0.0.1)
#   port        default 25
#   tls         true: STARTTLS with a key and a self-signed certificate
#   dns         hosts are looked up in DNS, too
#   smart_host  where all mail goes, "[luna.bagoona.com]"
#   mc, cf      more lines for the .mc, and at the end of the cf
# It gives {name, dir, file, access, map_file, pid_file, address, port}.
#
# debian_site(TEXT) gives the same for a Debian as installed: Debian's own
# sendmail.mc and Makefile in /etc/mail, its owners and modes, STARTTLS, and an
# /etc/init.d/sendmail that notes its argument in /tlsoff.test/init.calls.
package Tlsoff::Sendmail;

use strict;
use warnings;
use Exporter qw(import);
use File::Path qw(make_path);
use IO::Socket::IP;
use Time::HiRes qw(sleep time);
use Tlsoff;
use Tlsoff::Namespace;

our @EXPORT = qw(sendmail_cf mc_to_cf debian_site build_map ask ask_tls verdict start_daemon
    stop_daemon daemon_pid smtp_ehlo send_mail);

# ---- the cf ----

sub sendmail_cf {
	my ($name, %o) = @_;
	my $dir = scratch() . "/$name";
	mkdir $dir;
	mkdir "$dir/$_" for qw(mail queue);
	chmod 0700, "$dir/queue";
	my $site = {
		name => $name, dir => $dir, file => "$dir/sendmail.cf",
		access => $o{access} // "$dir/mail/access",
		pid_file => "$dir/pid", address => $o{address} // '127.0.0.1',
		port => $o{port} // 25,
	};
	$site->{map_file} = "$site->{access}.db";
	spew("$dir/service.switch", "hosts\tfiles" . ($o{dns} ? ' dns' : '')
	    . "\naliases\tfiles\n");
	make_certificate($dir) if $o{tls};
	mc_to_cf(mc_text($site, \%o), $site->{file});
	append($site->{file}, $o{cf}) if defined $o{cf};
	return $site;
}

sub mc_text {
	my ($site, $o) = @_;
	my $dir = $site->{dir};
	my $map = $o->{map} // "hash -T<TMPF> $site->{access}";
	my %define = (
		ALIAS_FILE => '', HELP_FILE => '', STATUS_FILE => '',
		QUEUE_DIR => "$dir/queue",
		confPID_FILE => $site->{pid_file},
		# Two sendmails of one name would see a mail loop.
		confDOMAIN_NAME => "$site->{name}.test.example",
		confSERVICE_SWITCH_FILE => "$dir/service.switch",
		# A busy machine must not change what a test sees.
		confQUEUE_LA => 9999, confREFUSE_LA => 9999, confDELAY_LA => 0,
		confTO_IDENT => '0s',
	);
	$define{confTRUSTED_USER} = $o->{trusted} if defined $o->{trusted};
	if ($o->{tls}) {
		$define{confSERVER_CERT} = "$dir/cert.pem";
		$define{confSERVER_KEY} = "$dir/key.pem";
		$define{confCLIENT_CERT} = "$dir/cert.pem";
		$define{confCLIENT_KEY} = "$dir/key.pem";
		$define{confCACERT} = "$dir/cert.pem";
		$define{confCACERT_PATH} = $dir;
	}
	$define{SMART_HOST} = $o->{smart_host} if defined $o->{smart_host};
	my $skip = $o->{no_skip} ? '' : ", `skip'";
	my $family = $site->{address} =~ /:/ ? 'inet6' : 'inet';
	return join "\n", 'divert(0)dnl', "VERSIONID(`tests of tlsoff')dnl",
	    "OSTYPE(`linux')dnl",
	    (map { "define(`$_', `$define{$_}')dnl" } sort keys %define),
	    "FEATURE(`access_db', `$map'$skip)dnl",
	    ($o->{dotdomain} ? "FEATURE(`lookupdotdomain')dnl" : ()),
	    (map { "FEATURE(`$_')dnl" } qw(no_default_msa nocanonify
		accept_unresolvable_domains accept_unqualified_senders)),
	    "DAEMON_OPTIONS(`Family=$family, Addr=$site->{address}, "
	    . "Port=$site->{port}, Name=MTA')dnl",
	    ($o->{mc} // ()), "MAILER(`local')dnl", "MAILER(`smtp')dnl",
	    # O lines stand anywhere in a cf.
	    ($o->{compressed}
		? ('LOCAL_CONFIG', 'O UseCompressedIPv6Addresses=True') : ()),
	    '';
}

# m4 with sendmail's own files.
sub mc_to_cf {
	my ($text, $file) = @_;
	my $m4 = "$SENDMAIL_ROOT/usr/share/sendmail/cf";
	my $mc = $file =~ s/\.cf\z/.mc/r;
	spew($mc, $text);
	my $r = run(['m4', "-D_CF_DIR_=$m4/", "$m4/m4/cf.m4", $mc]);
	die "m4 $mc: $r->{err}" if $r->{status} != 0 || $r->{err} ne '';
	spew($file, $r->{out});
	return $file;
}

sub make_certificate {
	my ($dir) = @_;
	my $r = run(['openssl', 'req', '-x509', '-newkey', 'ec',
	    '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '30',
	    '-subj', "/CN=$HOST_NAME", '-keyout', "$dir/key.pem",
	    '-out', "$dir/cert.pem"]);
	die "openssl: $r->{err}" if $r->{status} != 0;
	chmod 0600, "$dir/key.pem";
	return;
}

# Writes the access file and builds its map, as an administrator did before.
sub build_map {
	my ($site, $text) = @_;
	spew($site->{access}, $text);
	my $r = makemap($site->{file}, 'hash', $site->{access}, $text);
	die "makemap: $r->{err}" if $r->{status} != 0;
	return;
}

# A Debian as installed, its access file holding TEXT.
sub debian_site {
	my ($text) = @_;
	install_sendmail();
	my $mail = '/etc/mail';
	system('cp', '-r', "$SENDMAIL_ROOT/etc/mail/.", $mail) == 0 or die;
	spew("$mail/$_", '') for qw(m4/dialup.m4 trusted-users local-host-names
	    relay-domains aliases);
	make_certificate("$mail/tls");
	my %tls = (confSERVER_CERT => 'cert.pem', confSERVER_KEY => 'key.pem',
	    confCACERT => 'cert.pem', confCACERT_PATH => '');
	# A busy machine must not change what a test sees.
	my %load = (confQUEUE_LA => 9999, confREFUSE_LA => 9999, confDELAY_LA => 0);
	spew("$mail/m4/provider.m4",
	    (map { "define(`$_', `$mail/tls/$tls{$_}')dnl\n" } sort keys %tls),
	    (map { "define(`$_', `$load{$_}')dnl\n" } sort keys %load));
	make_path('/run/sendmail/mta', '/var/spool/mqueue', '/tlsoff.test/state');
	add_to_directory('/var/lib', sendmail => '/tlsoff.test/state');
	my $mc = slurp("$SENDMAIL_ROOT/usr/share/sendmail/cf/debian/sendmail.mc");
	mc_to_cf($mc, "$mail/sendmail.cf");
	spew('/etc/mail/sendmail.conf', '');
	for my $tool (qw(parse_mc update_mk)) {
		my $r = run(["/usr/share/sendmail/$tool"]);
		die "$tool: $r->{err}" if $r->{status} != 0;
	}
	my $site = { name => 'debian', dir => $mail, file => "$mail/sendmail.cf",
	    access => "$mail/access", map_file => "$mail/access.db",
	    address => '127.0.0.1', port => 25,
	    pid_file => '/run/sendmail/mta/sendmail.pid' };
	debian_init($site);
	build_map($site, $text);
	chown 0, 0, $site->{access};
	chmod 0600, $site->{access};
	chown $ID{smmta}, $ID{smmsp}, $site->{map_file}, $mail;
	chmod 0640, $site->{map_file};
	chmod 02755, $mail;
	return $site;
}

# What Debian's own script does to one daemon, without its seconds of sleep.
sub debian_init {
	my ($site) = @_;
	script('/etc/init.d/sendmail', <<"END");
#!/bin/sh
echo "\$*" >>/tlsoff.test/init.calls
pid=\$(sed -n 1p $site->{pid_file} 2>/dev/null)
case \$1 in
restart)
	kill "\$pid"
	while kill -0 "\$pid" 2>/dev/null; do sleep 0.05; done
	exec $SENDMAIL -bd -L debian -odq
	;;
reload)
	kill -HUP "\$pid"
	;;
esac
END
	return;
}

# ---- the rulesets ----

# ask(CF, [ROLE, NAME, ADDRESS]...): what sendmail decides, by its own
# rulesets in one process: {tls => off|on|tempfail, key, value, asked} for each;
# key and value are those of the last entry found, undef where none was; asked
# is all keys in their order.
sub ask { my ($cf, @questions) = @_; return answers([$cf, '-bt', '-d60.5'], @questions) }

# The same without keys and values, which sendmail prints byte by byte.
sub ask_tls { my ($cf, @questions) = @_; return answers([$cf, '-bt'], @questions) }

my $RULES = qr/(?:try_tls|srv_features|clt_features|ask_session)/;

# What passes name and address on to tls_clt_features, which takes them in the one
# way that cannot be typed: for the cf of a site with tls_session_features.
our $ASK_SESSION = "Sask_session\n"
    . "R\$*\t\t\$: \$>tls_clt_features \$&{server_name} \$| \$&{server_addr}\n";

sub answers {
	my ($how, @questions) = @_;
	my $in = join '', map { question(@$_) } @questions;
	my $r = run([$SENDMAIL, '-C', @$how], stdin => $in);
	my @answers;
	for my $line (split /\n/, $r->{out}) {
		my $last = $answers[-1];
		if ($line =~ /> $RULES +input: /) {
			push @answers, { asked => [] };
		} elsif ($line =~ /^map_lookup\(access, (.*), %0=.*\) => (.*) \((\d+)\), ad=/) {
			push @{ $last->{asked} }, $1;
			@$last{qw(key value)} = ($1, $2)
			    if $2 ne 'NOT FOUND' && $2 ne '?';
		} elsif ($line =~ /^($RULES) +returns: (.*)/) {
			$last->{tls} = judge($1, $2);
		} elsif ($line =~ /^== Ruleset ($RULES) .* status (\d+)/) {
			# Else than by a map that failed (75): the value cannot be
			# cut into tokens, and the daemon goes on as if the
			# ruleset had said nothing; but what it takes for the features
			# of a session then is no list of them.
			$last->{tls} = $1 eq 'ask_session' ? 'tempfail' : 'on'
			    if $2 != 75;
		}
	}
	die "sendmail -bt answered " . @answers . " of " . @questions
	    . " questions:\n$r->{out}$r->{err}"
	    if @answers != @questions || grep { !defined $_->{tls} } @answers;
	return wantarray ? @answers : $answers[0];
}

sub question {
	my ($role, $name, $address) = @_;
	# 8.17.1 asks for the name of a client here, and there is none.
	return ".D{client_name}\n.D{client_addr}\nclt_features $name\n"
	    if $role eq 'features';
	my ($who, $rules) = $role eq 'client' ? ('server', 'try_tls')
	    : $role eq 'session' ? ('server', 'ask_session')
	    : ('client', 'srv_features');
	return ".D{${who}_name}$name\n.D{${who}_addr}" . ($address // '')
	    . "\n$rules x\n";
}

# One word for what a ruleset returned.
sub judge {
	my ($rules, $result) = @_;
	if ($rules eq 'try_tls') {
		return 'off' if $result =~ /\A\$# error .*do not try TLS/;
		return $result =~ /\A\$# (?:error|TEMP)/i ? 'tempfail' : 'on';
	}
	return session($result) if $rules eq 'ask_session';
	return 'on' unless $result =~ /\A\$# (.*)/;
	# A blank inside a string or behind a backslash does not end a token.
	my $list = $1 =~ s/(?<!\\)"[^"]*"?/"q"/gr =~ s/\\./\\x/gr;
	my @tokens = split / /, $list;
	return 'tempfail' if @tokens && $tokens[0] =~ /\Atemp/i;
	my $tls = 'on';
	for my $token (@tokens) {
		$tls = 'off' if $token =~ /\AS/;
		$tls = 'on' if $token eq 's' && $rules eq 'srv_features';
	}
	return $tls;
}

# Of parts KEY=VALUE, one that sendmail does not know ends the session; the last C
# or c of Flags counts.
sub session {
	my ($result) = @_;
	return 'on' if $result eq '""' || $result eq '';
	my $tls = 'on';
	my @parts = split /;/, $result =~ s/[ "\\]//gr, -1;
	pop @parts if @parts && $parts[-1] eq '';
	for my $part (@parts) {
		return 'tempfail' if $part
		    !~ /\A(?:Options|CipherList|CipherSuites|CertFile|KeyFile|Flags)=/i;
		$tls = $1 eq 'C' ? 'fallback' : 'on'
		    if $part =~ /\AFlags=.*([Cc])[^Cc]*\z/i;
	}
	return $tls;
}

# The answer to one question as "off by Try_TLS:bagoona.com".
sub verdict {
	my ($cf, @question) = @_;
	my $answer = ask($cf, \@question);
	return $answer->{tls}
	    . (defined $answer->{key} ? " by $answer->{key}" : '');
}

# ---- the daemon ----

# By its full path, so that a SIGHUP finds it again.
sub start_daemon {
	my ($site, @options) = @_;
	my $r = run([$SENDMAIL, '-C', $site->{file}, '-L', $site->{name},
	    @options ? @options : '-bd', '-odq']);
	die "sendmail -bd: $r->{out}$r->{err}" if $r->{status} != 0;
	my $up = wait_for(sub {
		daemon_pid($site) && dial($site->{address}, $site->{port})
	}, 15);
	die "sendmail does not answer:\n" . mail_log() unless $up;
	return daemon_pid($site);
}

# The pid in its PidFile, while that process lives; else 0.
sub daemon_pid {
	my ($site) = @_;
	return 0 unless -e $site->{pid_file};
	my ($pid) = slurp($site->{pid_file}) =~ /\A(\d+)/;
	return $pid && kill(0, $pid) ? $pid : 0;
}

sub stop_daemon {
	my ($site) = @_;
	my $pid = daemon_pid($site) or return;
	kill 'TERM', $pid;
	wait_for(sub { !kill 0, $pid }) or die "sendmail $pid does not end";
	return;
}

# ---- SMTP ----

sub dial {
	my ($to, $port, $from) = @_;
	return IO::Socket::IP->new(PeerHost => $to, PeerPort => $port // 25,
	    Timeout => 10, Proto => 'tcp',
	    (defined $from ? (LocalHost => $from) : ()));
}

# Connects from an address and says EHLO; {greeting, lines, starttls}.
sub smtp_ehlo {
	my ($to, %o) = @_;
	my $socket = dial($to, $o{port}, $o{from})
	    or die "connect to $to" . ($o{from} ? " from $o{from}" : '') . ": $@";
	local $SIG{ALRM} = sub { die "sendmail at $to does not answer\n" };
	alarm 30;
	my $greeting = reply($socket);
	print {$socket} "EHLO test.example\r\n";
	my $lines = reply($socket);
	print {$socket} "QUIT\r\n";
	reply($socket);
	alarm 0;
	close $socket;
	return { greeting => $greeting, lines => $lines,
	    starttls => $lines =~ /^250[- ]STARTTLS\r?$/m ? 1 : 0 };
}

sub reply {
	my ($socket) = @_;
	my $all = '';
	while (defined(my $line = <$socket>)) {
		$all .= $line;
		last if $line =~ /\A\d{3}(?: |\r)/;
	}
	return $all;
}

# Sends one small message with this cf's sendmail, at once unless OPTIONS say
# otherwise; returns its run.
sub send_mail {
	my ($site, $from, $to, @options) = @_;
	return run([$SENDMAIL, '-C', $site->{file}, '-L', $site->{name}, '-odi',
	    '-oi', '-f', $from, @options, $to],
	    stdin => "Subject: test\nTo: $to\n\nhello\n");
}

1;
