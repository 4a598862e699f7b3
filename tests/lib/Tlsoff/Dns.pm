# Dns.pm: a name server that vouches for what it says, for DANE.  Inside a
# namespace only.
#
#   name_server('broken.example MX 10 mx.broken.example',
#       'mx.broken.example A 127.0.0.9',
#       "_25._tcp.mx.broken.example TLSA 3 1 1 $digest");
#
# It listens on 127.0.0.1 when it returns, the C library asks it and trusts its
# AD bit, and it ends with the namespace.  Names that it does not have do not
# exist.  A name with the record "SILENCE" gets no answer, one with "RAW COUNT HEX"
# these bytes as so many records.  Each name that it is asked for is a line of
# dns_questions(), and the user who asks of dns_askers().
package Tlsoff::Dns;

use strict;
use warnings;
use Exporter qw(import);
use IO::Socket::IP;
use POSIX ();
use Socket ();
use Tlsoff;

our @EXPORT = qw(name_server dns_questions dns_askers key_digest);

my ($ASKED, $ASKERS) = ('/run/dns-questions', '/run/dns-askers');
my %TYPE = (SILENCE => 0, RAW => -1, A => 1, SOA => 6, MX => 15, TLSA => 52);

sub wire_name {
	return join('', map { pack 'C/a*', $_ } split /\./, $_[0]) . "\0";
}

my %data = (
	SILENCE => sub { '' },
	RAW => sub { [@_] },
	A => sub { pack 'C4', split /\./, $_[0] },
	MX => sub { pack('n', $_[0]) . wire_name($_[1]) },
	TLSA => sub { pack 'C3H*', @_ },
);

# {name => {type => [data]}}
sub zone_of {
	my %zone;
	for my $line (@_) {
		my ($name, $type, @words) = split ' ', $line;
		push @{ $zone{lc $name}{ $TYPE{$type} } }, $data{$type}->(@words);
	}
	return \%zone;
}

sub answer {
	my ($zone, $query) = @_;
	my ($id) = unpack 'n', $query;
	my ($at, @labels) = (12);
	while (my $len = ord substr $query, $at, 1) {
		push @labels, substr $query, $at + 1, $len;
		$at += 1 + $len;
	}
	my $name = lc join '.', @labels;
	append($ASKED, "$name\n");
	return if $zone->{$name}{ $TYPE{SILENCE} };
	my $question = substr $query, 12, $at + 5 - 12;
	if (my $raw = $zone->{$name}{ $TYPE{RAW} }) {
		my ($count, $hex) = @{ $raw->[0] };
		return pack('n6', $id, 0x8180, 1, $count, 0, 0) . $question . pack 'H*', $hex // '';
	}
	my $type = unpack 'n', substr $question, -4, 2;
	my @found = @{ $zone->{$name}{$type} // [] };
	my $exists = grep { $_ eq $name || /\.\Q$name\E\z/ } keys %$zone;
	my $records = join '', map { "\xc0\x0c" . pack 'nnNn/a*', $type, 1, 60, $_ } @found;
	my $authority = @found ? '' : "\0" . pack 'nnNn/a*', $TYPE{SOA}, 1, 60,
	    wire_name('ns.example') . wire_name('x.example') . pack 'N5', 1, (60) x 4;
	# An answer, recursive, authentic; or that there is no such name.
	return pack('n6', $id, 0x81a0 | ($exists ? 0 : 3), 1, scalar @found,
	    $authority eq '' ? 0 : 1, 1) . $question . $records . $authority
	    . "\0" . pack 'nnNn', 41, 1232, 0x8000, 0;
}

sub name_server {
	my $zone = zone_of(@_);
	my $socket = IO::Socket::IP->new(LocalHost => '127.0.0.1', LocalPort => 53,
	    Proto => 'udp') or die "127.0.0.1: $@";
	spew('/etc/resolv.conf',
	    "nameserver 127.0.0.1\noptions trust-ad edns0 timeout:1 attempts:1\n");
	spew('/etc/nsswitch.conf',
	    slurp('/etc/nsswitch.conf') =~ s/^hosts:.*/hosts: files dns/mr);
	my $pid = fork // die "fork: $!";
	return if $pid > 0;
	while (1) {
		my $from = recv $socket, my $query, 4096, 0;
		append($ASKERS, asker($from) . "\n") if defined $from;
		my $answer = defined $from ? answer($zone, $query) : undef;
		send $socket, $answer, 0, $from if defined $answer;
	}
}

# Whose the socket of that address is.
sub asker {
	my ($from) = @_;
	my $port = sprintf '%04X', (Socket::unpack_sockaddr_in($from))[0];
	my ($uid) = slurp('/proc/net/udp')
	    =~ /^ *\d+: [0-9A-F]{8}:$port (?:\S+ ){5} *(\d+)/m;
	return $uid // 'gone';
}

sub dns_askers { return -e $ASKERS ? map { s/\n//r } lines($ASKERS) : () }

sub dns_questions { return -e $ASKED ? lines($ASKED) : () }

# What a TLSA record "3 1 1" says of a certificate's key.
sub key_digest {
	my ($certificate) = @_;
	my $r = run(['sh', '-c', 'openssl x509 -in "$1" -noout -pubkey |'
	    . ' openssl pkey -pubin -outform DER | sha256sum', 'sh', $certificate]);
	return $r->{out} =~ /\A([0-9a-f]{64})/ ? $1 : die "openssl: $r->{err}";
}

1;
