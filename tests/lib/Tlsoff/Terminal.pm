# Terminal.pm: an interactive program at a terminal of its own.
#
#   my $t = Tlsoff::Terminal->start({ENVIRONMENT}, 'bash', '-i');
#                  TERMINAL_WIDTH there is no variable: so many columns, or 200
#   $t->wait_for(qr/ready> /);
#   $t->type("tlsoff li\t\n");
#   $t->end();
#
# What it prints is in $t->{seen}.  Linux only: perl itself knows of no ptys.
package Tlsoff::Terminal;

use strict;
use warnings;
use IO::Select;
use POSIX ();
use Time::HiRes qw(time);

use constant { TIOCSPTLCK => 0x40045431, TIOCGPTN => 0x80045430,
	TIOCSWINSZ => 0x5414 };

sub start {
	my ($class, $environment, @command) = @_;
	open my $master, '+<', '/dev/ptmx' or die "/dev/ptmx: $!";
	my %environment = %$environment;
	my $width = delete $environment{TERMINAL_WIDTH} // 200;
	my ($lock, $number, $size) = (pack('i', 0), pack('I', 0),
	    pack('S4', 50, $width, 0, 0));
	ioctl $master, TIOCSPTLCK, $lock or die "ptmx: $!";
	ioctl $master, TIOCGPTN, $number or die "ptmx: $!";
	my $name = '/dev/pts/' . unpack 'I', $number;
	my $pid = fork // die "fork: $!";
	if ($pid == 0) {
		POSIX::setsid();
		open my $terminal, '+<', $name or die "$name: $!";
		ioctl $terminal, TIOCSWINSZ, $size;
		POSIX::dup2(fileno $terminal, $_) for 0 .. 2;
		%ENV = (%ENV, TERM => 'dumb', %environment);
		exec { $command[0] } @command or POSIX::_exit(127);
	}
	return bless { master => $master, pid => $pid, seen => '' }, $class;
}

sub type {
	my ($self, $keys) = @_;
	syswrite $self->{master}, $keys;
	return $self;
}

# Reads until PATTERN is there, in what comes from now on: true, or false
# after SECONDS and when the program has ended.
sub wait_for {
	my ($self, $pattern, $seconds) = @_;
	my $end = time + ($seconds // 60);
	my $select = IO::Select->new($self->{master});
	my $new = '';
	while ($new !~ $pattern) {
		my $left = $end - time;
		return 0 if $left <= 0 || !$select->can_read($left);
		sysread $self->{master}, my $bytes, 4096 or return 0;
		$new .= $bytes;
		$self->{seen} .= $bytes;
	}
	return 1;
}

sub end {
	my ($self) = @_;
	close $self->{master}; # SIGHUP for the program
	waitpid $self->{pid}, 0;
	return;
}

1;
