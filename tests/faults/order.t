#!/usr/bin/perl
# The order of writing, syncing and renaming, from a trace: what a rename shows
# is whole on the disk before, with its owner, mode and times, and the rename
# itself after; so a power cut finds old or new, never half.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Tlsoff;
use Tlsoff::Faults;
use Tlsoff::Faults::Trace;

faults_begin();

sub places {
	my ($what, @events) = @_;
	return grep { $what->($events[$_]) } 0 .. $#events;
}

sub last_place { my @all = places(@_); return @all ? $all[-1] : -1 }

sub is_put_in_place {
	my ($name) = @_;
	return sub {
		my ($e) = @_;
		return $e->{name} =~ /\Arename/
		    && $e->{rest} =~ /<[^>]*\.tlsoff\.d>, "\Q$name\E", \d+<[^>]*>, "\Q$name\E"/;
	};
}

for my $change (all_changes()) {
	my @events = trace($change);
	my $title = $change->{name};

	# The same calls as the sweeps: none is missed there.
	my ($first) = map { $_->{pid} } @events;
	my $named = join ' ', map { $_->{name} }
	    grep { $_->{pid} == $first } @events;
	my %swept = map { $_->{name} => 1 } calls_of($change);
	my ($loader, $ours) = split / (?=umask )/, $named, 2;
	# Whether threads wait for each other, or a pause is over already, is not
	# the same each time.
	my @missed = grep { !$swept{$_} && !/\A(?:futex|clock_nanosleep)\z/
	    && !of_analyzer($_) } split / /, $ours;
	is("@missed", '',
	    "$title: the sweeps know each call that strace sees");

	my %new = map { $_ => "$SITE/.$_.tlsoff.d/$_" } 'access', 'access.db';
	my %renamed;
	for my $name ('access', 'access.db') {
		my @renames = places(is_put_in_place($name), @events);
		my $stays = $name eq 'access.db' && $change->{map_stays};
		is(scalar @renames, $stays ? 0 : 1, $stays ? "$title: the map stays"
		    : "$title: $name is renamed once");
		my $rename = $renamed{$name} = $renames[0] // next;
		my $is = sub {
			my ($e, @names) = @_;
			return fd_path($e) eq $new{$name}
			    && grep { $e->{name} eq $_ } @names;
		};
		my $synced = last_place(sub { $is->($_[0], 'fsync') },
		    @events[0 .. $rename]);
		cmp_ok($synced, '>=', 0, "$title: $name is synced before");
		my $changed = last_place(sub { $is->($_[0], qw(write pwrite64
		    ftruncate fallocate fchown fchmod utimensat fsetxattr
		    fremovexattr)) }, @events[0 .. $rename]);
		cmp_ok($changed, '>=', 0, "$title: ... after it was written");
		cmp_ok($changed, '<', $synced, "$title: ... and given its attributes");
		ok((grep { $is->($_, 'fchmod') } @events[0 .. $rename]),
		    "$title: ... with its mode");
		# Seen under its new name it is not touched any more.
		my @touched = grep { fd_path($_) eq "$SITE/$name"
		    && $_->{name} =~ /\A(?:p?write|ftruncate|fchmod|fchown)/ }
		    @events[$rename .. $#events];
		is(scalar @touched, 0, "$title: ... and never changed after");
		ok((grep { $_->{name} eq 'fsync' && fd_path($_) eq $SITE }
		    @events[$rename .. $#events]),
		    "$title: ... its directory is synced after");
	}
	my $said = (places(sub { $_[0]{name} eq 'write'
	    && $_[0]{rest} =~ /\A1</ }, @events))[0] // -1;
	cmp_ok($said, '>', (sort { $b <=> $a } grep { defined } values %renamed)[0],
	    "$title: it is said when all is in place");
	# The text is there for good before the map can be.
	if (2 == grep { defined } values %renamed) {
		cmp_ok($renamed{access}, '<', $renamed{'access.db'},
		    "$title: the text first, then the map");
		ok((grep { $_->{name} eq 'fsync' && fd_path($_) eq $SITE }
		    @events[$renamed{access} .. $renamed{'access.db'}]),
		    "$title: ... and a sync between them");
		# The old ones are removed when all that is done.
		my @gone = places(sub { $_[0]{name} =~ /\Aunlink/
		    && $_[0]{rest} =~ /"access(?:\.db)?"/ },
		    @events);
		is(scalar(grep { $_ > $renamed{access}
		    && $_ < $renamed{'access.db'} } @gone), 0,
		    "$title: ... and nothing old is removed before");
	}
}

done_testing();
