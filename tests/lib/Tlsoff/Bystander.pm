# Bystander.pm: a machine's own mail system, which nobody may touch: its files,
# a process that its pid file calls sendmail, a port 25 and a log that count.
#
#   use Tlsoff; use Tlsoff::Namespace; use Tlsoff::Bystander;
#   enter_namespace();
#   my $mail = bystander();          # or bystander($root), of a root directory
#   ...                              # what is to leave it alone
#   is_deeply([touched($mail)], []); # sentences; none is good
#
# The log is that of the namespace.
package Tlsoff::Bystander;

use strict;
use warnings;
use Exporter qw(import);
use File::Copy qw(copy);
use IO::Select;
use IO::Socket::IP;
use POSIX ();
use Tlsoff;
use Tlsoff::Namespace;

our @EXPORT = qw(bystander touched);

sub bystander {
	my ($root) = @_;
	$root //= '';
	my %self = (root => $root, calls => scratch() . '/bystander',
	    daemon => daemon());
	spew("$root/etc/mail/sendmail.cf", "V10/Berkeley\n"
	    . "Kaccess hash -T<TMPF> /etc/mail/access\n"
	    . "O PidFile=/run/sendmail/mta/sendmail.pid\n");
	spew("$root/etc/mail/$_", "Connect:192.0.2.1\tREJECT\n")
	    for qw(access access.db);
	spew("$root/var/spool/mqueue/qf", '');
	spew("$root/run/sendmail/mta/sendmail.pid",
	    "$self{daemon}\n/usr/sbin/sendmail -bd\n");
	script("$root/etc/init.d/sendmail",
	    "#!/bin/sh\necho \"the service: \$*\" >>$self{calls}\n");
	spew($self{calls}, '');
	$self{port} = count_connections($self{calls});
	$self{files} = files($root);
	clear_mail_log();
	return \%self;
}

# A process of that name.
sub daemon {
	my $program = scratch() . '/bin/sendmail';
	spew($program, '');
	copy('/bin/sleep', $program) or die "$program: $!";
	chmod 0755, $program;
	my $pid = fork // die "fork: $!";
	return $pid if $pid > 0;
	exec $program, '86400' or POSIX::_exit(127);
}

# Takes what connects to port 25, of either family, and notes it.
sub count_connections {
	my ($calls) = @_;
	my @sockets = map {
		IO::Socket::IP->new(LocalHost => $_, LocalPort => 25, Listen => 8,
		    ReuseAddr => 1, V6Only => 1) or die "$_ port 25: $@";
	} qw(0.0.0.0 ::);
	my $pid = fork // die "fork: $!";
	return $pid if $pid > 0;
	my $select = IO::Select->new(@sockets);
	while (1) {
		for my $socket ($select->can_read) {
			$socket->accept;
			append($calls, "port 25: connected to\n");
		}
	}
}

# Every file of the mail system, as one string.
sub files {
	my ($root) = @_;
	return run(['find', map({ "$root$_" } qw(/etc/mail /etc/init.d /run
	    /var/spool)), '-printf', '%p %y %i %m %U:%G %s %T@ %l\n'])->{out};
}

# What was done to it, and ends it.
sub touched {
	my ($self) = @_;
	my @done = lines($self->{calls});
	push @done, "the log: $_" for split /\n/, mail_log();
	push @done, "the daemon: ended\n" if waitpid($self->{daemon}, POSIX::WNOHANG()) != 0;
	push @done, "files: $self->{files} are now " . files($self->{root})
	    if files($self->{root}) ne $self->{files};
	kill 'KILL', $self->{daemon}, $self->{port};
	waitpid $_, 0 for $self->{daemon}, $self->{port};
	return @done;
}

1;
