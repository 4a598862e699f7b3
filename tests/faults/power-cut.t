#!/usr/bin/perl
# A power cut at each moment of a change.  From a trace of its calls come all the
# states of the disk that these allow: what was synced is there, what was not
# may be; what changed in a directory that was not synced has happened or not,
# each by itself, but in a private directory in its order, as journals keep it;
# a file that was not synced since it was written is whole, half there or empty.
# In each of them text and map are the old ones, or the text is new and the map
# either, never a part; and the next run mends it.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Tlsoff;
use Tlsoff::Faults;
use Tlsoff::Faults::Trace;

faults_begin();

# ---- from calls to what they do to the disk ----

my $WRITES = qr/\A(?:p?write(?:64|v)?|pwritev2?|ftruncate|fallocate|sendfile
    |fchmod|fchown|fsetxattr|fremovexattr)\z/x;

sub parent { return $_[0] =~ s{/[^/]*\z}{}r }

# The paths among a call's arguments: absolute, or below the directory before.
sub paths {
	my ($e, $directory) = @_;
	my @found;
	while ($e->{rest} =~ /(?:(?:\d+|AT_FDCWD)<([^>]*)>, )?"([^"]*)"/g) {
		my ($at, $name) = ($1 // $directory, $2);
		$name =~ s{\A\./}{};
		push @found, $name =~ m{\A/} ? $name : "$at/$name";
	}
	return @found;
}

# Steps: {file => N} is written, {sync => N or DIRECTORY}, {set => {PATH => N,
# 'directory' or undef}} in the directories of these paths, all at once.  And
# what is where at the end.
sub steps {
	my (@events) = @_;
	my %now = ("$SITE/access" => 'old access',
	    "$SITE/access.db" => 'old access.db');
	my ($files, %directory, @steps) = (0);
	my $set = sub {
		my (%set) = @_;
		push @steps, { set => \%set };
		@now{keys %set} = values %set;
	};
	for my $e (@events) {
		my $fd = fd_path($e);
		my ($one, $two) = paths($e, $directory{$e->{pid}} // '/');
		if ($e->{name} eq 'fchdir') {
			$directory{$e->{pid}} = $fd;
		} elsif ($e->{name} =~ /\Af(?:data)?sync\z/) {
			push @steps, { sync => $now{$fd} // $fd };
		} elsif ($e->{name} =~ $WRITES) {
			push @steps, { file => $now{$fd} } if defined $now{$fd};
		} elsif ($e->{name} eq 'copy_file_range') {
			my ($to) = $e->{rest} =~ /, \d+<([^>]*)>/;
			push @steps, { file => $now{$to} };
		} elsif (!defined $one || index($one, "$SITE/") != 0) {
			next;
		} elsif ($e->{name} =~ /\Amkdir/) {
			$set->($one => 'directory');
		} elsif ($e->{name} =~ /\Aopen/ && $e->{rest} =~ /O_CREAT/
		    && !defined $now{$one}) {
			$set->($one => ++$files);
		} elsif ($e->{name} =~ /\Aopen/ && $e->{rest} =~ /O_TRUNC/) {
			push @steps, { file => $now{$one} };
		} elsif ($e->{name} =~ /\Arename/) {
			my $back = $e->{rest} =~ /RENAME_EXCHANGE/;
			$set->($one => $back ? $now{$two} : undef,
			    $two => $now{$one});
		} elsif ($e->{name} =~ /\A(?:unlink|rmdir)/) {
			$set->($one => undef);
		} elsif ($e->{name} =~ /\Alink/) {
			$set->($two => $now{$one});
		}
	}
	return (\@steps, \%now);
}

# ---- all states of the disk ----

# What can be there of each file: its whole, some, none.
sub contents {
	my ($steps, $at) = @_;
	my (%dirty, %last, %can);
	for my $i (0 .. $#$steps) {
		my ($file, $sync) = @{ $steps->[$i] }{qw(file sync)};
		$last{$file} = $i if defined $file;
		next if $i > $at;
		$dirty{$file} = 1 if defined $file;
		delete $dirty{$sync} if defined $sync;
	}
	for my $file (keys %last) {
		my $is_whole = $last{$file} <= $at;
		$can{$file} = [$is_whole ? 'whole' : (),
		    $is_whole && !$dirty{$file} ? () : qw(part none)];
	}
	return \%can;
}

# Entries after some of those changes: {PATH => file or 'directory'}.
sub entries {
	my ($disk, @sets) = @_;
	my %entries = %$disk;
	for my $set (@sets) {
		for my $path (keys %$set) {
			if (defined $set->{$path}) { $entries{$path} = $set->{$path} }
			else { delete $entries{$path} }
		}
	}
	# What stands in a directory that is not there is not there.
	for my $path (keys %entries) {
		delete $entries{$path} if parent($path) ne $SITE
		    && !defined $entries{parent($path)};
	}
	return %entries;
}

# "PATH=FILE:CONTENT ..." of each way in which the entries' files can be.
sub with_contents {
	my ($entries, $can) = @_;
	my @states = ('');
	for my $path (sort keys %$entries) {
		my $file = $entries->{$path};
		my @ways = $file eq 'directory' ? 'whole'
		    : $path =~ /\.holder\z/ ? 'none' : @{ $can->{$file} // ['whole'] };
		@states = map { my $s = $_; map { "$s$path=$file:$_\n" } @ways } @states;
	}
	return @states;
}

# Every state, at every moment.
sub states {
	my ($steps) = @_;
	my %disk = ("$SITE/access" => 'old access',
	    "$SITE/access.db" => 'old access.db');
	my (@pending, %states);
	for my $at (-1 .. $#$steps) {
		my $step = $at < 0 ? {} : $steps->[$at];
		push @pending, $step->{set} if $step->{set};
		if (defined $step->{sync}) {
			my %synced = map { $_ => 1 } with_earlier(\@pending,
			    grep { touches($pending[$_], $step->{sync}) } 0 .. $#pending);
			%disk = entries(\%disk, @pending[sort { $a <=> $b } keys %synced]);
			@pending = @pending[grep { !$synced{$_} } 0 .. $#pending];
		}
		my $can = contents($steps, $at);
		for my $some (0 .. 2 ** @pending - 1) {
			my @some = grep { $some >> $_ & 1 } 0 .. $#pending;
			next if @some < with_earlier(\@pending, @some);
			my %entries = entries(\%disk, @pending[@some]);
			$states{$_} = 1 for with_contents(\%entries, $can);
		}
	}
	return sort keys %states;
}

# Does it change an entry of that directory?
sub touches {
	my ($set, $directory) = @_;
	return grep { parent($_) eq $directory } keys %$set;
}

# Those, and what happened before them in the same private directory.
sub with_earlier {
	my ($sets, @these) = @_;
	my %all = map { $_ => 1 } @these;
	for my $i (reverse 0 .. $#$sets) {
		next if !$all{$i};
		for my $directory (grep { $_ ne $SITE } map { parent($_) } keys %{ $sets->[$i] }) {
			$all{$_} = 1 for grep { touches($sets->[$_], $directory) } 0 .. $i - 1;
		}
	}
	return keys %all;
}

# ---- one of them ----

# old, new or part: what has that name in the state.
sub seen {
	my ($state, $name, $new) = @_;
	my ($file, $content) = $state =~ /^\Q$SITE\/$name\E=(.*):(\w+)$/m
	    or return 'missing';
	return 'old' if $file eq "old $name" && $content eq 'whole';
	return 'new' if $file eq $new && $content eq 'whole';
	return "part ($file, $content)";
}

sub bytes_of {
	my ($bytes, $file, $content) = @_;
	my $whole = $bytes->{$file} // '';
	return $content eq 'whole' ? $whole : $content eq 'none' ? ''
	    : substr($whole, 0, length($whole) / 2) . "\0" x 10;
}

# Makes the disk as it is in the state; PATH is that of the worker who traced.
sub put {
	my ($change, $state, $from, $bytes) = @_;
	reset_files($change);
	for my $line (split /\n/, $state) {
		my ($path, $file, $content) = $line =~ /\A\Q$from\E(.*)=(.*):(\w+)\z/;
		$path = "$SITE$path";
		if ($file eq 'directory') {
			mkdir $path, 0700;
		} elsif ($file !~ /\Aold / || parent($path) ne $SITE) {
			spew("$SITE/../new", bytes_of($bytes, $file, $content));
			my $mode = $MODE{ $path =~ s{.*/}{}r };
			chmod parent($path) eq $SITE ? $mode : 0600, "$SITE/../new";
			rename "$SITE/../new", $path or die "$path: $!";
		}
	}
	return;
}

for my $change (all_changes()) {
	my $title = $change->{name};
	my ($steps, $end) = steps(trace($change));
	my %new = map { $_ => $end->{"$SITE/$_"} } keys %MODE;
	my %bytes = ('old access' => $change->{text}, 'old access.db' => $change->{map},
	    map { $new{$_} => slurp("$SITE/$_") } keys %MODE);
	my (%kinds, @cases);
	for my $state (states($steps)) {
		my $kind = join ' ', map { seen($state, $_, $new{$_}) } qw(access access.db);
		$kinds{$kind}++;
		push @cases, { name => $kind, state => $state };
	}
	is(join(', ', grep { !/\A(?:old old|new old|new new)\z/ } sort keys %kinds), '',
	    "$title: text and map are whole, and no map is newer than its text");
	is(join(', ', sort keys %kinds), 'new new, new old, old old',
	    "$title: ... and each of the others is seen")
	    or diag(scalar(@cases), ' states');
	my $from = $SITE;
	sweep($change, 'the power is cut', [grep { $_->{name} !~ /part|missing|old new/ } @cases],
	    sub {
		my ($case) = @_;
		put($change, $case->{state}, $from, \%bytes);
		return mended($change, $case->{state});
	});
}

done_testing();
