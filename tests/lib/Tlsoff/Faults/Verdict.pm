# Verdict.pm: what must be true of text and map after a change in which something
# went wrong, and of what it said.  A part of Tlsoff::Faults.
#
# States are named by text and map: "old old", "new new", "new old"; anything
# else is "other", "torn", "missing" or, where the file can be seen with a side
# file's mode, "mode".
package Tlsoff::Faults::Verdict;

use strict;
use warnings;
use Exporter qw(import);
use Tlsoff;
use Tlsoff::Faults::Change;

our @EXPORT = qw(state beside wrong wrong_without_memory wrong_when_killed
    wrong_when_asked mended verdicts);

# The map that stays where comments alone change is that of either text.
sub state {
	my ($c) = @_;
	my ($text, $map) = (text_state($c), map_state($c));
	$map = 'new' if $c->{map_stays} && $text eq 'new' && $map eq 'old';
	return "$text $map";
}

sub text_state {
	my ($c) = @_;
	my $path = "$SITE/access";
	my @stat = stat $path or return 'missing';
	return 'mode' if ($stat[2] & 07777) != $MODE{access};
	my $text = slurp($path);
	return 'new' if $text eq $c->{new_text}
	    && ($text ne $c->{text} || $stat[1] == $c->{inodes}{access});
	return 'torn' if $text ne $c->{text};
	return $c->{exchange} && $stat[1] != $c->{inodes}{access} ? 'other'
	    : 'old';
}

sub map_state {
	my ($c) = @_;
	my $path = "$SITE/access.db";
	my @stat = stat $path or return 'missing';
	return 'mode' if ($stat[2] & 07777) != $MODE{'access.db'};
	if ($stat[1] == $c->{inodes}{'access.db'}) {
		return slurp($path) eq $c->{map} ? 'old' : 'torn';
	}
	my $records = records($path) // return 'torn';
	return $records eq $c->{new_records} ? 'new' : 'other';
}

# The names beside text and map, those in the private directories too.
sub beside {
	return join ' ', sort map {
		-d "$SITE/$_" ? ($_, map { s{\A\Q$SITE\E/}{}r } glob("$SITE/$_/*"))
		    : $_
	} grep { !exists $MODE{$_} } names();
}

# The statuses of a change that failed.
my %STATUS = map { $_ => 1 } 66, 69, 70, 71, 73, 74, 75, 77;

# libdb crashes where it cannot close the map it is to read: of that crash
# nobody knows the reason.  And makemap takes an error in its input for the end.
sub status_fits {
	my ($r) = @_;
	return $STATUS{$r->{status}} || ($r->{status} == 65
	    && ($r->{err} =~ /libdb crashes/ && $r->{what} =~ / close \d+\z/
	        || $r->{err} =~ /differs from the text/
	        && $r->{what} =~ / at 2\.2 read /));
}

# Which thread asks the kernel for memory depends on how they meet, and a pause
# may be over before it begins; memory.t is sure of memory.
sub may_be_missed {
	my ($r) = @_;
	return $r->{what} =~ /\ (?:brk|m(?:map|unmap|protect|remap|advise)|futex
	    |clock_nanosleep)\ \d+\z/x;
}

# What is wrong after a run that could still clean up.
sub wrong {
	my ($c, $r) = @_;
	my @wrong;
	my $state = state($c);
	push @wrong, 'was not hit' if !$r->{hit} && !may_be_missed($r);
	push @wrong, 'hangs' if $r->{hangs};
	push @wrong, "leaves process $r->{left}" if $r->{left} ne '';
	push @wrong, "leaves " . beside() if beside() ne '';
	push @wrong, "leaves $state" if !fine($c, $state);
	if ($r->{signal}) {
		push @wrong, "dies of signal $r->{signal}";
	} elsif ($r->{status} == 0 || ($r->{status} == 1 && finds($c, $r))) {
		push @wrong, "exits $r->{status} and leaves $state"
		    if !is_new($c, $state);
	} else {
		push @wrong, "exits $r->{status}" if !status_fits($r);
		push @wrong, 'says nothing' if $r->{err} !~ /^tlsoff: \S/m;
		push @wrong, 'says "Success"' if $r->{err} =~ /\bSuccess/;
		push @wrong, "exits $r->{status} with all done and does not say so"
		    if is_new($c, $state) && $c->{builder} ne 'none'
		    && $r->{err} !~ /in place|standard output/;
	}
	return map { "$r->{what}: $_: $r->{err}" } @wrong;
}

# check --fix looks once more when all is done, and may find that it cannot.
sub finds {
	my ($c, $r) = @_;
	return $c->{words}[0] eq 'check' && $r->{out} =~ m{^/\S+/access\.db: }m;
}

# Text and map belong together.
sub fine {
	my ($c, $state) = @_;
	return $state eq 'old old' || is_new($c, $state);
}

sub is_new {
	my ($c, $state) = @_;
	return $state eq ($c->{builder} eq 'none' ? 'new old' : 'new new');
}

# What is wrong after a run whose memory ran out.
sub wrong_without_memory {
	my ($c, $r) = @_;
	my @wrong;
	if ($r->{signal}) {
		push @wrong, "dies of signal $r->{signal}: $r->{err}";
	} elsif ($r->{status} == 70 || $r->{status} == 71) {
		return wrong($c, $r);
	} else {
		push @wrong, "exits $r->{status}: $r->{err}"
		    if $r->{status} != $c->{status};
		push @wrong, "says only $r->{out}" if $r->{out} ne $c->{out};
	}
	push @wrong, 'leaves ' . beside() if beside() ne '';
	push @wrong, 'leaves ' . state($c) if !is_new($c, state($c));
	return map { "$r->{what}: $_" } @wrong;
}

# The names that may stand there between a kill and the next run: no more.
my $SIDE = qr/\A(?:\.access\.tlsoff\.d(?:\/access)?
    |\.access\.db\.tlsoff\.d(?:\/(?:__db\.)?access\.db)?)\z/x;

# What is wrong after a run that was killed.
sub wrong_when_killed {
	my ($c, $r) = @_;
	my @wrong;
	my $state = state($c);
	return if $r->{report} !~ /^hit /m && may_be_missed($r);
	push @wrong, 'was not hit' if $r->{report} !~ /^hit /m;
	push @wrong, "ends with $r->{status}, signal $r->{signal}"
	    if $r->{signal} != 9;
	push @wrong, "leaves process $r->{left}" if $r->{left} ne '';
	push @wrong, "leaves $state" if !fine($c, $state)
	    && $state ne 'new old';
	push @wrong, "leaves $_"
	    for grep { $_ !~ $SIDE } split / /, beside();
	return map { "$r->{what}: $_" } @wrong;
}

# What is wrong after a run that was asked to end.
sub wrong_when_asked {
	my ($c, $r, $number) = @_;
	my @wrong;
	my $state = state($c);
	return wrong($c, $r) if !$r->{hit} && may_be_missed($r);
	push @wrong, 'was not hit' if !$r->{hit};
	push @wrong, "leaves process $r->{left}" if $r->{left} ne '';
	push @wrong, 'leaves ' . beside() if beside() ne '';
	push @wrong, "leaves $state" if !fine($c, $state);
	# Too late to be heard, it has done all.
	push @wrong, "ends with $r->{status}, signal $r->{signal}, and $state"
	    if $r->{signal} != $number
	    && !($r->{signal} == 0 && $r->{status} == 0 && is_new($c, $state));
	push @wrong, 'does not say what it has done'
	    if is_new($c, $state) && $r->{out} eq '';
	return map { "$r->{what}: $_: $r->{err}" } @wrong;
}

# What is wrong after the same command once more, undisturbed.
sub mended {
	my ($c, $what) = @_;
	my $r = run_change($c);
	my @wrong;
	push @wrong, "exits $r->{status}: $r->{err}" if $r->{status} != 0;
	push @wrong, 'leaves ' . state($c) if state($c) ne 'new new';
	push @wrong, 'leaves ' . beside() if beside() ne '';
	return map { "$what: the next run $_" } @wrong;
}

# {NAME => [TRIES, SENTENCE...]}.
sub verdicts {
	my ($title, $seen) = @_;
	for my $name (sort keys %$seen) {
		my ($tries, @wrong) = @{ $seen->{$name} };
		local $Test::Builder::Level = $Test::Builder::Level + 2;
		is(scalar @wrong, 0, "$title: $name, $tries times")
		    or diag(join "\n", splice @wrong, 0, $ENV{SHOW} // 10);
	}
	return;
}

1;
