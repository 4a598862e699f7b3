#!/usr/bin/perl
# A map that cannot be read: explain says what sendmail does then, for each
# way in which the K line can tell it to.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP;
use Tlsoff;
use Tlsoff::Namespace;
use Tlsoff::Sendmail;

enter_namespace();
my %exit = (off => 0, on => 1, tempfail => 75);
my $text = "Try_TLS:luna.bagoona.com\tNO\nSrv_Features:luna.bagoona.com\tS\n";
my $number = 0;

my %damage = (
	missing => sub { unlink $_[0] },
	empty => sub { spew($_[0], '') },
	garbage => sub { spew($_[0], 'no map at all ' x 1000) },
	'of another type' => sub {
		unlink $_[0];
		makemap('/dev/null', 'btree', $_[0] =~ s/\.db\z//r, $text);
	},
	'a link to the map' => sub {
		rename $_[0], "$_[0].real";
		symlink "$_[0].real", $_[0];
	},
);

for my $line ('hash -T<TMPF> PATH', 'hash -o -T<TMPF> PATH', 'hash PATH',
    'hash -o PATH', 'hash PATH -T<TMPF>') {
	my $name = 'm' . $number++;
	my $path = "/tlsoff.test/$name/mail/access";
	my $site = sendmail_cf($name);
	# m4 will not have a K line without -T.
	my $wanted = 'Kaccess ' . $line =~ s/PATH/$path/r;
	spew($site->{file}, slurp($site->{file}) =~ s/^Kaccess .*/$wanted/mr);
	for my $what (sort keys %damage) {
		unlink glob "$path.db*";
		build_map($site, $text);
		$damage{$what}->("$path.db");
		for my $role (qw(client server)) {
			my @peer = ('luna.bagoona.com', '192.0.2.1');
			my $real = ask($site->{file}, [$role, @peer]);
			my $r = tlsoff('-j', '-C', $site->{file}, 'explain', $role, @peer);
			my $said = eval { decode_json($r->{out}) } // {};
			is($said->{tls}, $real->{tls}, "$line, $what, $role: $real->{tls}")
			    or diag($r->{err});
			is($r->{status}, $exit{ $real->{tls} }, '... by its status, too');
		}
	}
}

done_testing();
