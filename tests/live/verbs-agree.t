#!/usr/bin/perl
# The verbs agree with sendmail's own rulesets, and so with each other: every
# kind of key with every kind of value, each for a host of its own, in both
# roles, and cf files that read maps differently.
#
#   list       an entry is in force where sendmail turns TLS off by it for some
#              peer, and nowhere else
#   check      what it says of a key or a value is said of no entry in force;
#              and an entry that list calls not in force has a finding
#   explain    off, on or tempfail, as sendmail
#   scan       the same, for each peer of a log
#   client, server: "unchanged" where TLS is off for all peers that the host
#              stands for, and nowhere else
#
# As Debian has the cf all of them are tried, and a part with the others; CASES=all
# in the environment asks for all, SEED=N repeats a run, SHOW=100 shows that many
# differences of a kind.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP;
use Tlsoff;
use Tlsoff::Namespace;
use Tlsoff::Sendmail;

enter_namespace();
my $show = $ENV{SHOW} // 10;
my $seed = $ENV{SEED} // int rand 1_000_000_000;
diag("SEED=$seed");
srand $seed;
my %tag = (client => 'Try_TLS:', server => 'Srv_Features:');

# ---- keys and values ----

# Behind the tag, of a host {name, domain, ipv4, net, ipv6, groups}.
my %kind = (
	'a name' => sub { $_[0]{name} },
	'a name in capitals' => sub { uc $_[0]{name} },
	'a domain' => sub { $_[0]{domain} },
	'a domain with a dot in front' => sub { ".$_[0]{domain}" },
	'a name with a dot behind' => sub { "$_[0]{name}." },
	'an asterisk' => sub { "*.$_[0]{domain}" },
	'a name in brackets' => sub { "[$_[0]{name}]" },
	'a name in quotes' => sub { "\"$_[0]{name}\"" },
	'two names' => sub { "$_[0]{name},x.example" },
	'a mail address' => sub { "a\@$_[0]{domain}" },
	'a port' => sub { "$_[0]{name}:25" },
	'IPv4' => sub { $_[0]{ipv4} },
	'IPv4 in brackets' => sub { "[$_[0]{ipv4}]" },
	'a net' => sub { $_[0]{net} },
	'a net in brackets' => sub { "[$_[0]{net}]" },
	'a net with a dot behind' => sub { "$_[0]{net}." },
	'a net with a slash' => sub { "$_[0]{net}.0/24" },
	'IPv6' => sub { "IPv6:$_[0]{ipv6}" },
	'IPv6, prefix in small letters' => sub { "ipv6:$_[0]{ipv6}" },
	'IPv6 in capitals' => sub { 'IPv6:' . uc $_[0]{ipv6} },
	'IPv6 in brackets' => sub { "[IPv6:$_[0]{ipv6}]" },
	'IPv6 without its prefix' => sub { $_[0]{ipv6} },
	'IPv6 compressed' => sub { "IPv6:$_[0]{groups}::1" },
	'IPv6 compressed, without its prefix' => sub { "$_[0]{groups}::1" },
	'IPv6 with zeros in front' => sub { 'IPv6:' . join ':',
		map { sprintf '%04s', $_ } split /:/, $_[0]{ipv6} },
	'an IPv6 net' => sub { "IPv6:$_[0]{groups}" },
	'an IPv6 net without its prefix' => sub { $_[0]{groups} },
);
my @values = ('NO', 'no', 'NO # why', 'NO#c', '"NO"', 'NO.', 'OFF', 'off', 'none',
	'YES', 'OK', 'x', 'S', 's', 'V A S', 'VS', 'V s', 'S s', 'S # why', 'S,A', '"S"',
	'no tls', 'SKIP', 'temp', 'temp S', 'TEMPORARY', 'x<TMPF>', '?', '%1NO',
	'NO%1', 'S%1', 'REJECT', 'A', 'starttls');
my %tag_as = (
	'' => sub { $_[0] }, 'tag in small letters, ' => sub { lc $_[0] },
);

# As sendmail's -a, -f, -m and -N make it.
my %variant = (
	plain => { no_skip => 1 },
	debian => {},
	case => { map => 'hash -f -T<TMPF> PATH', flags => ['-f'] },
	null => { map => 'hash -N -T<TMPF> PATH', flags => ['-N'] },
	append => { map => 'hash -a. -T<TMPF> PATH' },
	dotdomain => { dotdomain => 1 },
);

# A host that no other case's key covers.
my $number = 0;
sub host {
	my $n = ++$number;
	my ($high, $low) = ($n >> 8, $n & 255);
	my $groups = sprintf '2001:db8:%x:%x', $high + 0xa0, $low + 0xa0;
	return { name => "mx.d$n.example", domain => "d$n.example",
	    ipv4 => "10.$high.$low.7", net => "10.$high.$low",
	    ipv6 => "$groups:0:0:0:1", groups => $groups };
}

# Every peer that such a host may be: [name, address], as sendmail has them.
sub peers {
	my ($h) = @_;
	return ([$h->{name}, $h->{ipv4}], ["[$h->{ipv4}]", $h->{ipv4}],
	    [$h->{name}, "IPv6:$h->{ipv6}"], ["[IPv6:$h->{ipv6}]", "IPv6:$h->{ipv6}"]);
}

sub cases {
	my ($site, $role) = @_;
	my @cases;
	for my $kind (sort keys %kind) {
		for my $value (@values) {
			for my $as (sort keys %tag_as) {
				# The name of a client is asked for as DNS has it.
				next if $site eq 'case' && $role eq 'server'
				    && $kind eq 'a name in capitals';
				next if $as ne '' && $value !~ /\A(?:NO|S|V A S)\z/;
				my $host = host();
				push @cases, { role => $role, value => $value, host => $host,
				    kind => "$as$kind",
				    key => $tag_as{$as}->($tag{$role}) . $kind{$kind}->($host) };
			}
		}
	}
	return @cases;
}

# ---- what everybody says ----

sub document {
	my ($site, $stdin, @words) = @_;
	my $r = tlsoff('-j', '-C', $site->{file}, @words, { stdin => $stdin });
	my $said = eval { decode_json($r->{out}) };
	BAIL_OUT("tlsoff @words: $r->{status}\n$r->{err}$r->{out}") unless defined $said;
	return $said;
}

sub by_line { return map { $_->{line} => $_ } grep { defined $_->{line} } @_ }

# sendmail's verdicts on the peers of each case.
sub ask_sendmail {
	my ($site, @cases) = @_;
	my @answers = ask_tls($site->{file}, map {
		my $case = $_;
		map { [$case->{role}, @$_] } peers($case->{host});
	} @cases);
	for my $case (@cases) {
		$case->{real} = [splice @answers, 0, 4];
		# By this entry, for no other covers that host.
		$case->{off} = grep { $_->{tls} eq 'off' } @{ $case->{real} };
	}
	return;
}

# What tlsoff does to each case's host, typed as its name, and its addresses.
sub changes {
	my ($site, $role, @cases) = @_;
	if ($site->{name} eq 'append' && $role eq 'client') {
		my $r = tlsoff('-C', $site->{file}, '-n', 'client', 'new.example');
		is($r->{status}, 78, 'with -a no entry can turn TLS off: exit 78');
		like($r->{err}, qr/the K line of the cf has the option -a; take that out/,
		    '... and the message says so');
		return;
	}
	for my $typed (qw(name ipv4 ipv6)) {
		my $said = document($site, join('', map { "$_->{host}{$typed}\n" } @cases),
		    '-n', '--force', $role, '-');
		for my $n (0 .. $#cases) {
			$cases[$n]{changes}{$typed} = $said->{changes}[$n]{action};
		}
	}
	return;
}

# What scan says of each case's peers with an IPv4 address, one with its name and
# one without, by a log in which each fails once.
sub scan {
	my ($site, $role, @cases) = @_;
	my ($log, $pid) = ('', 1000);
	for my $case (@cases) {
		my ($name, $address) = @{ $case->{host} }{qw(name ipv4)};
		for my $relay ("$name [$address]", "[$address]") {
			$log .= 'Nov 23 11:12:44 mx sm-mta[' . ++$pid . ']: '
			    . ($role eq 'client'
				? '6ANHBhlX0' . $pid . ": to=<a\@b.example>, delay=00:00:01, "
				    . 'xdelay=00:00:01, mailer=esmtp, pri=30140, relay='
				    . ($relay =~ s/ \[/. [/r =~ s/\A\[(.*)\]\z/[$1] [$1]/r)
				    . ', dsn=4.0.0, stat=Deferred: 403 4.7.0 TLS handshake failed.'
				: 'STARTTLS=server, error: accept failed=-1, reason=no shared '
				    . "cipher, SSL_error=1, errno=0, retry=-1, relay=$relay") . "\n";
		}
	}
	my $said = document($site, '', 'scan', spew(scratch() . '/log', $log));
	my %tls = map { $_->{host} => $_->{tls} } @{ $said->{hosts} };
	for my $case (@cases) {
		$case->{scan} = [@tls{ $case->{host}{name}, "[$case->{host}{ipv4}]" }];
	}
	return;
}

# ---- where they differ ----

my %wrong;
sub differs {
	my ($what, $case, @how) = @_;
	push @{ $wrong{$what} }, "$case->{site}: $case->{key} $case->{value}"
	    . " ($case->{kind}): " . join ', ', @how;
	return;
}

sub real { my ($case) = @_; return join ' ', map { $_->{tls} } @{ $case->{real} } }

sub hold_list_and_check {
	my ($case, $listed, $findings) = @_;
	my $in_force = $listed && $listed->{effective} ? 1 : 0;
	my $said = $listed ? $listed->{reason} // 'in force' : 'not listed';
	my @codes = map { $_->{code} } @$findings;
	differs('list and sendmail', $case, "sendmail @{[real($case)]}", "list $said")
	    if $in_force != ($case->{off} ? 1 : 0);
	differs('check and sendmail', $case, "sendmail @{[real($case)]}",
	    map { "check: $_->{message}" } @$findings)
	    if $case->{off} && grep { /\A(?:key|value|stray-space)\z/ } @codes;
	differs('list and check', $case, "list $said", 'check says nothing')
	    if $listed && !$in_force && !@codes && !may_be_silent($case);
	differs('check and list', $case, "check: $findings->[0]{message}", 'list has it not')
	    if !$listed && grep { /\A(?:comment|value)\z/ && $findings->[0]{fixable} } @codes;
	differs('check and list', $case, "check: $findings->[0]{message}", 'list has it not')
	    if !$listed && $case->{value} =~ /\A(?:NO|OFF|none|no tls|temp S)\z/i && @codes;
	return;
}

# An entry for a name may exempt its host from another entry for its address, and
# in Srv_Features from what a small s or nothing at all would do there.  With -a
# check speaks of the cf.
sub may_be_silent {
	my ($case) = @_;
	return 1 if $case->{site} eq 'append';
	return $case->{role} eq 'client' ? $case->{kind} =~ /name|domain/
	    : $case->{value} =~ /\A(?:V s|s|S s|starttls|YES|REJECT|SKIP|OK|NO|no)\z/;
}

sub hold_changes {
	my ($case) = @_;
	return if !defined $case->{changes};
	my @real = map { $_->{tls} } @{ $case->{real} };
	# A name stands for its peers whatever their address; an address for those
	# with a name and without.
	my %all = (name => [@real[0, 2]], ipv4 => [@real[0, 1]], ipv6 => [@real[2, 3]]);
	for my $typed (sort keys %all) {
		my $off = !grep { $_ ne 'off' } @{ $all{$typed} };
		# Its name, where it has one, may be another; then the address alone
		# has to do.
		differs("$case->{role} and sendmail", $case, "$typed: sendmail @{ $all{$typed} }",
		    $case->{changes}{$typed})
		    if ($case->{changes}{$typed} eq 'unchanged') != $off;
	}
	return;
}

sub hold_scan {
	my ($case) = @_;
	my @real = map { $_->{tls} } @{ $case->{real} }[0, 1];
	differs('scan and sendmail', $case, "sendmail @real", 'scan '
	    . join ' ', map { $_ // 'nothing' } @{ $case->{scan} })
	    if "@real" ne join ' ', map { $_ // 'nothing' } @{ $case->{scan} };
	return;
}

# Few, for each is a process of its own.
sub hold_explain {
	my ($site, $case) = @_;
	for my $n (0 .. 3) {
		my ($name, $address) = @{ (peers($case->{host}))[$n] };
		my $said = document($site, '', 'explain', $case->{role},
		    $name =~ /\A\[/ ? $address : ($name, $address));
		differs('explain and sendmail', $case, "sendmail $case->{real}[$n]{tls}",
		    "explain $said->{tls}") if $said->{tls} ne $case->{real}[$n]{tls};
	}
	return;
}

sub hold {
	my ($site, $role, @cases) = @_;
	ask_sendmail($site, @cases);
	changes($site, $role, @cases);
	scan($site, $role, @cases);
	my %listed = by_line(@{ document($site, '', 'list', $role)->{entries} });
	my %findings;
	push @{ $findings{ $_->{line} // 0 } }, $_
	    for @{ document($site, '', 'check')->{findings} };
	for my $n (0 .. $#cases) {
		hold_list_and_check($cases[$n], $listed{ $n + 1 }, $findings{ $n + 1 } // []);
		hold_changes($cases[$n]);
		hold_scan($cases[$n]);
		hold_explain($site, $cases[$n]) if rand() < 0.03;
	}
	return;
}

for my $name (sort keys %variant) {
	my %o = %{ $variant{$name} };
	my $flags = delete $o{flags} // [];
	$o{map} =~ s/PATH/\/tlsoff.test\/$name\/mail\/access/ if defined $o{map};
	my $site = sendmail_cf($name, %o);
	for my $role (qw(client server)) {
		my @cases = cases($name, $role);
		@cases = grep { rand() < 0.2 } @cases
		    if ($ENV{CASES} // '') ne 'all' && $name ne 'debian';
		$_->{site} = $name for @cases;
		my $text = join '', map { "$_->{key}\t$_->{value}\n" } @cases;
		spew($site->{access}, $text);
		makemap($site->{file}, 'hash', $site->{access}, $text, @$flags);
		hold($site, $role, @cases);
		note("$name $role: " . @cases);
	}
}
for my $what ('list and sendmail', 'check and sendmail', 'list and check',
	'check and list', 'client and sendmail', 'server and sendmail',
	'scan and sendmail', 'explain and sendmail') {
	my @all = @{ $wrong{$what} // [] };
	is(scalar @all, 0, "$what agree")
	    or diag(map { "$_\n" } @all > $show ? @all[0 .. $show - 1] : @all);
}
done_testing();
