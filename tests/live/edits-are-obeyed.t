#!/usr/bin/perl
# What an edit leaves in the file is what sendmail's rulesets obey: values that
# look right and are not, keys that are there twice, letters of other features
# that must not be lost, entries in CanIt's section.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Tlsoff;
use Tlsoff::Namespace;
use Tlsoff::Sendmail;

enter_namespace();
my $site = sendmail_cf('mx');
my @call = ('-C', $site->{file}, '--restart', 'none');
my %who = (client => ['client', 'luna.bagoona.com', '192.0.2.1'],
    server => ['server', 'outbound.cheddar.com', '192.0.2.1']);

# [what, text, arguments, first word said, value in the map afterwards]
my $l = 'Try_TLS:luna.bagoona.com';
my $o = 'Srv_Features:outbound.cheddar.com';
my @cases = (
	['nothing', '', 'client', 'added', 'NO'],
	['another value', "$l OK\n", 'client', 'changed', 'NO'],
	['NO with a comment', "$l NO # why\n", 'client', 'changed', 'NO'],
	['in capitals', uc($l) . " no\n", 'client', 'unchanged', 'no'],
	['in the managed section', "$MARKER\n$l NO\n", 'client', 'moved', 'NO'],
	['OK in the managed section', "$MARKER\n$l OK\n", 'client', 'moved', 'NO'],
	['no newline at the end', "Connect:127 RELAY", 'client', 'added', 'NO'],
	['CRLF', "Connect:127 RELAY\r\nTo:x OK\r\n", 'client', 'added', "NO\r"],
	['a broader entry', "Try_TLS:bagoona.com NO\n", 'client', 'unchanged', undef],
	['a broader entry that says OK', "Try_TLS:bagoona.com OK\n", 'client',
	    'added', 'NO'],
	['SKIP', "$l SKIP\n", 'client', 'changed', 'NO'],
	['?', "$l ?\n", 'client', 'changed', 'NO'],
	['nothing', '', 'server', 'added', 'S'],
	['V', "$o V\n", 'server', 'changed', 'V S'],
	['s', "$o s\n", 'server', 'changed', 'S'],
	['V s', "$o V s\n", 'server', 'changed', 'V S'],
	['VS is only V', "$o VS\n", 'server', 'changed', qr/^(?=.*\bV).* S\z/],
	['V S is right', "$o V S\n", 'server', 'unchanged', 'V S'],
	['a broader V A', "Srv_Features:cheddar.com V A\n", 'server', 'added',
	    'V A S'],
	['a net with A', "Srv_Features:192.0.2 A\n", 'server', 'added', 'S'],
	['the bare tag with A', "Srv_Features: A\n", 'server', 'added', 'A S'],
	['a broader S', "Srv_Features:cheddar.com A S\n", 'server', 'unchanged',
	    undef],
	['V in the managed section', "$MARKER\n$o V\n", 'server', 'moved', 'V S'],
);
for my $case (@cases) {
	my ($what, $text, $role, $said, $value) = @$case;
	spew($site->{access}, $text);
	makemap($site->{file}, 'hash', $site->{access}, $text);
	my $before = ask($site->{file}, $who{$role});
	my $r = tlsoff_ok(@call, $role, $who{$role}[1]);
	like($r->{out}, qr/^$said /m, "$role, $what: $said");
	is(ask($site->{file}, $who{$role})->{tls}, 'off', '... TLS is off');
	my $key = ($role eq 'client' ? $l : $o);
	my $got = dump_map($site->{file}, 'hash', $site->{access})->{lc $key};
	if (ref $value) { like($got, $value, '... by the right value') }
	else { is($got, $value, '... by the right value') }
	# and what was done is undone
	next if $said ne 'added';
	tlsoff_ok(@call, 'remove', $role, $who{$role}[1]);
	my $after = ask($site->{file}, $who{$role});
	is("$after->{tls} " . ($after->{value} // ''),
	    "$before->{tls} " . ($before->{value} // ''),
	    '... and after remove sendmail finds what it found before');
	# Letters carried over from a broader entry may stay in an entry.
	next if ($value // '') =~ / /;
	my $old = $text =~ s/([^\n])\z/$1\n/r;
	is(slurp($site->{access}), $old, '... remove takes out just that line');
}

# remove keeps what else the entry says, and tells what still holds.
spew($site->{access}, "$o V S\nSrv_Features:cheddar.com A S\n");
makemap($site->{file}, 'hash', $site->{access}, slurp($site->{access}));
my $r = tlsoff_ok(@call, 'remove', 'server', 'outbound.cheddar.com');
like(slurp($site->{access}), qr/^\Q$o\E[ \t]V$/m, 'V S goes back to V');
is(ask($site->{file}, $who{server})->{tls}, 'on', 'and STARTTLS is offered');
spew($site->{access}, "$l NO\nTry_TLS:bagoona.com NO\n");
makemap($site->{file}, 'hash', $site->{access}, slurp($site->{access}));
$r = tlsoff_ok(@call, 'remove', 'client', 'luna.bagoona.com');
like("$r->{out}$r->{err}", qr/Try_TLS:bagoona\.com/,
    'remove names the broader entry that keeps TLS off');
is(ask($site->{file}, $who{client})->{key}, 'Try_TLS:bagoona.com',
    'as sendmail does');
tlsoff_ok(@call, '--exact', 'client', 'luna.bagoona.com');
is(ask($site->{file}, $who{client})->{key}, $l, '--exact adds it all the same');

done_testing();
