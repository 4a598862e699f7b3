# Trace.pm: the system calls of a change, all its processes' in their order.  A
# part of Tlsoff::Faults.
#
#   my @events = trace($change);      # {pid, name, rest}, of calls that worked
#   fd_path($events[0])               # the path of its first descriptor, or ''
package Tlsoff::Faults::Trace;

use strict;
use warnings;
use Exporter qw(import);
use Test::More;
use Tlsoff;
use Tlsoff::Faults::Change;

our @EXPORT = qw(trace fd_path);

sub trace {
	my ($change) = @_;
	my $path = "$SITE/../trace";
	reset_files($change);
	my @exchange = $change->{exchange} ? ()
	    : qw(-e inject=renameat2:error=EINVAL);
	my $r = run_change($change, 'strace', '-f', '-y', '-qq', '-s', '8',
	    @exchange, '-o', $path);
	is($r->{status}, 0, "$change->{name}: done under strace")
	    or diag($r->{err});
	my (@events, %begun);
	for my $line (split /\n/, slurp($path)) {
		my ($pid, $rest) = $line =~ /\A(\d+)\s+(.*)\z/ or next;
		# A call that another process interrupted counts at its end.
		if ($rest =~ s/ <unfinished \.\.\.>\z//) {
			$begun{$pid} = $rest;
			next;
		}
		$rest = (delete $begun{$pid} // '') . $rest
		    if $rest =~ s/\A<\.\.\. \w+ resumed>//;
		next unless $rest =~ /\A(\w+)\((.*)\)\s+=\s+\d/;
		push @events, { pid => $pid, name => $1, rest => $2 };
	}
	return @events;
}

# The path that a call works on, where it is given by descriptor.
sub fd_path { return $_[0]{rest} =~ /\A\d+<([^>]*)>/ ? $1 : '' }

1;
