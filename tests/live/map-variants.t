#!/usr/bin/perl
# Whatever the K line of the cf says, the map built is one that this sendmail
# reads: -N, -f, btree, implicit, a path with .db, no -T, and lookupdotdomain.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Tlsoff;
use Tlsoff::Namespace;
use Tlsoff::Sendmail;

enter_namespace();
my $number = 0;

sub variant {
	my ($what, %o) = @_;
	my $name = 'v' . $number++;
	my $path = "/tlsoff.test/$name/mail/access";
	my $line = delete($o{line}) =~ s/PATH/$path/r;
	my $site = sendmail_cf($name, map => $line, %o);
	my ($type) = $line =~ /^(\w+)/;
	$type = 'hash' if $type eq 'implicit';
	my @flags = $line =~ /(-[Nf])\b/g;
	spew($site->{access}, debian_access() . canit_section());
	makemap($site->{file}, $type, $site->{access}, slurp($site->{access}),
	    @flags);
	my @case = grep { $_ eq '-f' } @flags;
	for my $builder (qw(makemap libdb patch)) {
		my @call = ('-C', $site->{file}, '-b', $builder, '--restart', 'none');
		tlsoff_ok(@call, 'client', 'luna.bagoona.com');
		tlsoff_ok(@call, 'server', 'cheddar.com', '192.0.2.1');
		my @answers = ask($site->{file},
		    [client => 'luna.bagoona.com', '192.0.2.99'],
		    [server => 'outbound.cheddar.com', '192.0.2.99'],
		    [server => 'x.example', '192.0.2.1'],
		    [client => 'x.example', '192.0.2.1']);
		is(join(' ', map { $_->{tls} } @answers), 'off off off on',
		    "$what, $builder: sendmail reads what was built");
		tlsoff_ok(@call, 'remove', 'client', 'luna.bagoona.com');
		tlsoff_ok(@call, 'remove', 'server', 'cheddar.com', '192.0.2.1');
		@answers = ask($site->{file},
		    [client => 'luna.bagoona.com', '192.0.2.99'],
		    [server => 'outbound.cheddar.com', '192.0.2.99'],
		    [server => 'x.example', '192.0.2.1']);
		is(join(' ', map { $_->{tls} } @answers), 'on on on',
		    "$what, $builder: and what was removed");
	}
	return;
}

variant('plain', line => 'hash -T<TMPF> PATH');
variant("without `skip'", line => 'hash -T<TMPF> PATH', no_skip => 1);
variant('-N', line => 'hash -N -T<TMPF> PATH');
variant('-f', line => 'hash -f -T<TMPF> PATH');
variant('-N -f', line => 'hash -N -f -T<TMPF> PATH');
variant('-o', line => 'hash -o -T<TMPF> PATH');
variant('btree', line => 'btree -T<TMPF> PATH');
variant('btree -N', line => 'btree -N -T<TMPF> PATH');
variant('implicit', line => 'implicit -T<TMPF> PATH');
variant('a path with .db, as Red Hat has it',
    line => 'hash -T<TMPF> -o PATH.db');
variant('lookupdotdomain', line => 'hash -T<TMPF> PATH', dotdomain => 1);

# IPv6 as this sendmail writes it.
for my $compressed (0, 1) {
	my $name = "ipv6-$compressed";
	my $mx = sendmail_cf($name, address => '::1', tls => 1,
	    compressed => $compressed);
	build_map($mx, "# empty\n");
	add_host('2001:db8::25', 'six.example') if !$compressed;
	start_daemon($mx);
	my @call = ('-C', $mx->{file}, '--restart', 'none');
	for my $typed ('2001:db8::25', '[IPv6:2001:DB8:0:0:0:0:0:25]', '2001:db8') {
		tlsoff_ok(@call, 'server', $typed);
		is(smtp_ehlo('::1', from => '2001:db8::25')->{starttls}, 0,
		    "compressed=$compressed: server $typed reaches 2001:db8::25");
		is(smtp_ehlo('::1', from => '::1')->{starttls}, 1, '... and not ::1');
		tlsoff_ok(@call, 'remove', 'server', $typed);
		is(smtp_ehlo('::1', from => '2001:db8::25')->{starttls}, 1,
		    '... and remove takes it back');
	}
	stop_daemon($mx);
}

done_testing();
