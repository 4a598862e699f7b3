#!/usr/bin/perl
# What the verbs promise one another, on random access files and cfs: what explain
# decides by is listed; -n ends as the change does; after client and server TLS is
# off, and a second call changes nothing; after remove it is on, or a warning says by
# what it is not; check --fix has nothing left to mend, and no host whose mail DANE
# would bounce goes untold.
#
# SEED=N in the environment repeats a run, ROUNDS=N makes it longer.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP;
use Tlsoff;
use Tlsoff::Site;

my $seed = $ENV{SEED} // int rand 1_000_000_000;
my $rounds = $ENV{ROUNDS} // 50;
note("SEED=$seed");
srand $seed;

my @names = qw(a.example b.a.example c.b.a.example example x.test 192.0.2.1 192.0.2
    IPv6:2001:db8:0:0:0:0:0:1 [192.0.2.1] .a.example B.A.example);
my %values = (
	Try_TLS => ['NO', 'no', 'NO # x', 'OK', 'off', 'SKIP', '?', 'NO x', 'temp', '', 'yes'],
	Srv_Features => ['S', 's', 'V S', 'S s', 'A', 'temp S', 'S # x', 'SA', '?', 'OK', 'NO'],
	Clt_Features => ['S', 'D', 'S D', 'D # S', 'temp', 'A', 's', '? ', 'M D S'],
	TLS_Clt_Features => ['Flags=C', 'Flags=c', 'CipherList=HIGH; Flags=RC', 'bad'],
	TLS_Srv => ['ENCR:112', 'VERIFY', 'OK', 'TEMP+ENCR:56'],
	TLS_Clt => ['ENCR:1', 'OK'],
	TLS_Rcpt => ['ENCR:112'],
);
my @tags = (('Try_TLS') x 4, ('Srv_Features') x 3, ('Clt_Features') x 3,
	('TLS_Clt_Features') x 2, 'TLS_Srv', 'TLS_Clt', 'TLS_Rcpt');
my @comments = ('# tlsoff: why', '# tlsoff until 2020-01-01: x', '# tlsoff until 2099-01-01',
	'# tlsoff companion D', '# other');
my $marker = '# DO NOT EDIT BELOW THIS LINE: CANIT MAY DELETE CHANGES BELOW THIS LINE';
my ($by_name, $what);

sub any { return $_[rand @_]; }

sub random_cf {
	my $dane = rand() < 0.4;
	my $features = any('name', 'name', 'bare', '');
	$by_name = $dane && $features eq 'name';
	return 'DZ' . any('8.17.1', '8.18.1') . "\n" . ($dane ? "O DANE=true\n" : '')
	    . ($features eq 'name'
	    ? "Sclt_features\nR\$+\t\t\$: \$>D <\$1> <?> <! \"Clt_Features\"> <>\n"
	    : $features eq 'bare'
	    ? "Sclt_features\nR\$*\t\t\$: \$>A <\$&{client_addr}> <?> <! \"Clt_Features\"> <>\n" : '')
	    . (rand() < 0.5
	    ? "Stls_clt_features\nR\$* \$| \$*\t\t\$: \$>D <\$1> <?> <! TLS_Clt_Features> <\$1>\n" : '');
}

sub random_line {
	my $tag = any(@tags);
	my $value = any(@{$values{$tag}});
	my $name = rand() < 0.08 ? '' : any(@names);
	my $line = rand() < 0.06 ? "$tag: $name $value"
	    : (rand() < 0.05 ? uc $tag : $tag) . ":$name\t$value";
	return (rand() < 0.15 ? any(@comments) : (), $line, rand() < 0.05 ? $marker : ());
}

my @broken;
sub must {
	my ($true, $promise, @more) = @_;
	push @broken, join "\n", "SEED=$seed: $promise", @more, $what, '-- now --', text() if !$true;
	return $true;
}

sub document {
	my (@call) = @_;
	my $r = edit('-j', @call);
	return (decode_json($r->{out}), $r);
}

# The answer about a host, and whether it is that of a list, too.
sub explained {
	my ($role, $host) = @_;
	my ($doc) = document('explain', $role, $host);
	return $doc;
}

sub answers_are_listed {
	my ($list) = document('list');
	my %in_force = map { $_->{line} => 1 } grep { $_->{effective} } @{$list->{entries}};
	for my $role (qw(client server)) {
		for my $host (any(qw(a.example b.a.example z.c.b.a.example)), any(qw(x.test 192.0.2.1 192.0.2.77))) {
			my $e = explained($role, $host);
			must($in_force{$e->{line} // 0}, "explain $role $host: $e->{tls} by what list lacks")
			    if $e->{tls} =~ /^(?:off|fallback)$/;
		}
	}
	return;
}

# Whatever bounces is told, or there is nothing to tell.
sub nothing_bounces_untold {
	my ($when) = @_;
	return if !$by_name;
	my ($check) = document('check');
	return if grep { $_->{code} eq 'companion' && $_->{fixable} } @{$check->{findings}};
	for my $host (qw(a.example b.a.example z.c.b.a.example x.test y.x.test)) {
		my $e = explained('client', $host);
		must(!grep({ /bounces where DANE/ } @{$e->{warnings}}), "$when: mail to $host bounces");
	}
	return;
}

sub change {
	my ($role, @hosts) = @_;
	my @how = (rand() < 0.3 ? '--exact' : (), $role eq 'client' && rand() < 0.2 ? '--fallback' : ());
	my $shown = edit('-n', $role, @how, @hosts);
	my $before = text();
	my $done = edit($role, @how, @hosts);
	must($shown->{status} == $done->{status}, "-n $role @how @hosts: $shown->{status}, then $done->{status}");
	return must(text() eq $before, "$role @how @hosts failed and changed the file") && 0
	    if $done->{status} != 0;
	my $after = text();
	must(edit($role, @how, @hosts)->{status} == 0 && text() eq $after,
	    "$role @how @hosts: a second call changes something", $after);
	for my $host ("@how" =~ /fallback/ ? () : @hosts) {
		my $tls = explained($role, $host)->{tls};
		must($tls ne 'on' || $done->{err} =~ /and for that/, "$role @how @hosts: TLS is on for $host",
		    $done->{err});
	}
	return 1;
}

sub take_back {
	my ($role, @hosts) = @_;
	my $done = edit('remove', $role, @hosts);
	must($done->{status} == 0, "remove $role @hosts: $done->{status}", $done->{err});
	for my $host (@hosts) {
		must(explained($role, $host)->{tls} ne 'off' || $done->{err} =~ /still keeps TLS off/,
		    "remove $role @hosts: TLS is off for $host without a word");
	}
	return;
}

sub mend {
	edit('check', '--fix');
	my $once = text();
	return if $what =~ /Features: /; # such a line is mended in two steps
	edit('check', '--fix');
	must(text() eq $once, 'check --fix mends more the second time', $once);
	return;
}

for my $round (1 .. $rounds) {
	my $text = join "\n", map { random_line() } 1 .. 1 + rand 7;
	my $cf = random_cf();
	$what = "-- cf --\n$cf-- access --\n$text";
	site($text . any("\n", "\n", "\n", ''));
	append($CF, $cf);
	answers_are_listed();
	my $role = any('client', 'server');
	my @hosts = do { my %h = map { any(qw(a.example b.a.example x.test 192.0.2.1)) => 1 } 1 .. 2; sort keys %h };
	if (change($role, @hosts)) {
		nothing_bounces_untold("after $role @hosts");
		take_back($role, @hosts);
	}
	nothing_bounces_untold('before check --fix');
	mend();
	nothing_bounces_untold('after check --fix');
}
is(scalar @broken, 0, "$rounds files, SEED=$seed: each promise holds")
    or diag(join "\n\n", @broken > 3 ? @broken[0 .. 2] : @broken);

done_testing();
