#!/usr/bin/perl
# -b libdb: the map that tlsoff builds by itself holds what makemap's would,
# and the daemon, sendmail -bt, makemap -u and editmap read it.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Tlsoff;
use Tlsoff::Namespace;
use Tlsoff::Sendmail;

enter_namespace();
for my $type (qw(hash btree)) {
	my $address = $type eq 'hash' ? '127.0.0.2' : '127.0.0.3';
	my $mx = sendmail_cf($type, address => $address, tls => 1,
	    map => "$type -T<TMPF> /tlsoff.test/$type/mail/access");
	my $text = debian_access() . "Connect:127\tRELAY\n"
	    . join('', map { "To:user$_\@Example.NET\t550 no $_\n" } 1 .. 3000)
	    . "Odd:\xc4\xd6\xfc\tA  b\t\xff \n";
	# Debian's file has Connect:127 already: the second is a duplicate.
	spew($mx->{access}, $text);
	makemap($mx->{file}, $type, $mx->{access}, $text);
	start_daemon($mx);
	my @site = ('-C', $mx->{file}, '-b', 'libdb', '--restart', 'none',
	    '--makemap', '/nonexistent/makemap');

	my $r = tlsoff_ok(@site, 'server', '127.0.0.1');
	like($r->{out}, qr/libdb/, "$type: names the builder");
	is(smtp_ehlo($address)->{starttls}, 0,
	    "$type: the daemon reads it and does not offer STARTTLS");
	is(verdict($mx->{file}, 'server', '', '127.0.0.1'),
	    'off by Srv_Features:127.0.0.1', "$type: so do the rulesets");
	is(map_value($mx->{file}, $type, $mx->{access}, 'Srv_Features:127.0.0.1'),
	    'S', "$type: and editmap");

	my $ours = dump_map($mx->{file}, $type, $mx->{access});
	makemap($mx->{file}, $type, "$mx->{dir}/mail/other", slurp($mx->{access}));
	is_deeply($ours, dump_map($mx->{file}, $type, "$mx->{dir}/mail/other"),
	    "$type: the same keys and values as makemap makes of the text");

	tlsoff_ok(@site, 'remove', 'server', '127.0.0.1');
	is(smtp_ehlo($address)->{starttls}, 1, "$type: offered again");
}
unlike(mail_log(), qr/SYSERR|unsafe/, 'sendmail found nothing wrong');

done_testing();
