# Peers.pm: servers that fail at STARTTLS, and certificates for good ones.
# Inside a namespace only.
#
#   bad_peer('127.0.0.9', 'garbage');    # on port 25; in clear it takes mail
#   my $ca = certificate_authority();    # this machine's openssl trusts it
#   signed_certificate($ca, KEY, CERTIFICATE [, FROM, TO]);
package Tlsoff::Peers;

use strict;
use warnings;
use Exporter qw(import);
use File::Path qw(make_path);
use IO::Socket::IP;
use POSIX ();
use Tlsoff;
use Tlsoff::Namespace;

our @EXPORT = qw(bad_peer certificate_authority signed_certificate
    find_openssl must_mount add_address);

# ---- peers ----

# What one does behind STARTTLS; "mute" does not even greet, "refuse" answers
# STARTTLS by 454 and goes on in clear.
my %manners = (
	garbage => sub { my ($c) = @_; print {$c} "220 go\r\n";
	    sysread $c, my $hello, 4096; # or openssl takes it for the reply
	    print {$c} "\e]0;garbage\a no TLS at all\r\n" x 10;
	    shutdown $c, 1; swallow($c) },
	# Only its side: with words unread the whole would be a reset.
	close => sub { my ($c) = @_; print {$c} "220 go\r\n";
	    shutdown $c, 1; swallow($c) },
	refuse => sub { my ($c) = @_; print {$c} "454 4.7.0 not now\r\n";
	    swallow($c) },
	hang => sub { my ($c) = @_; print {$c} "220 go\r\n"; swallow($c) },
);

sub swallow { my ($c) = @_; 1 while sysread $c, my $bytes, 4096; return; }

# Listens when it returns.  It ends with the namespace.
sub bad_peer {
	my ($address, $manner) = @_;
	my $listener = IO::Socket::IP->new(LocalHost => $address,
	    LocalPort => 25, Listen => 16, ReuseAddr => 1, Proto => 'tcp')
	    or die "$address: $@";
	my $pid = fork // die "fork: $!";
	return if $pid > 0;
	$SIG{CHLD} = 'IGNORE';
	while (1) {
		my $c = $listener->accept or next;
		if (!fork) {
			talk($c, $manner);
			POSIX::_exit(0);
		}
		close $c;
	}
}

sub talk {
	my ($c, $manner) = @_;
	return swallow($c) if $manner eq 'mute';
	$c->autoflush(1);
	print {$c} "220 $manner.example ESMTP\r\n";
	while (defined(my $line = <$c>)) {
		if ($line =~ /\AEHLO/i) {
			print {$c} "250-$manner.example\r\n250 STARTTLS\r\n";
		} elsif ($line =~ /\ASTARTTLS/i) {
			return $manners{$manner}->($c);
		} elsif ($line =~ /\A(?:MAIL|RCPT)/i) {
			print {$c} "250 2.1.0 well\r\n";
		} elsif ($line =~ /\ADATA/i) {
			print {$c} "354 go on\r\n";
			1 while defined($line = <$c>) && $line !~ /\A\.\r?\n/;
			print {$c} "250 2.0.0 taken\r\n";
		} else {
			print {$c} "500 what?\r\n";
		}
	}
	return;
}

# ---- certificates ----

sub openssl {
	my (@command) = @_;
	my $r = run(['openssl', @command]);
	die "openssl @command: $r->{err}" if $r->{status} != 0;
	return $r->{out};
}

sub find_openssl {
	my ($path) = grep { -x } map { "$_/openssl" } qw(/usr/sbin /usr/bin
	    /sbin /bin /usr/local/bin);
	return $path;
}

sub add_address {
	my ($address) = @_;
	system(qw(ip addr add), "$address/32", qw(dev lo)) == 0
	    or die "ip addr add $address";
	return;
}

# Hides what is at PATH behind FILE.
sub must_mount {
	my ($file, $path) = @_;
	system(qw(mount --bind), $file, $path) == 0 or die "mount $path";
	return;
}

# The namespace's own copy of /etc is the only one that trusts it.
sub certificate_authority {
	my $dir = scratch() . '/ca';
	make_path($dir, '/etc/ssl/certs');
	openssl(qw(req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes
	    -days 30 -subj /CN=authority), '-keyout', "$dir/key.pem",
	    '-out', "$dir/cert.pem");
	my ($hash) = openssl(qw(x509 -noout -hash -in), "$dir/cert.pem") =~ /(\w+)/;
	spew("/etc/ssl/certs/$hash.0", slurp("$dir/cert.pem"));
	spew("$dir/index.txt", '');
	spew("$dir/index.txt.attr", "unique_subject = no\n");
	spew("$dir/ca.cnf", <<"END");
[ca]
default_ca = here
[here]
database = $dir/index.txt
rand_serial = yes
new_certs_dir = $dir
certificate = $dir/cert.pem
private_key = $dir/key.pem
default_md = sha256
default_days = 30
policy = any
[any]
commonName = supplied
END
	return $dir;
}

# Makes both files anew; FROM and TO as 20200101000000Z.
sub signed_certificate {
	my ($ca, $key, $certificate, $from, $to) = @_;
	openssl(qw(req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes
	    -subj /CN=peer), '-keyout', $key, '-out', "$ca/request.pem");
	openssl(qw(ca -batch -notext -config), "$ca/ca.cnf", '-in',
	    "$ca/request.pem", '-out', $certificate,
	    defined $from ? ('-startdate', $from, '-enddate', $to) : ());
	chmod 0600, $key;
	return;
}

1;
