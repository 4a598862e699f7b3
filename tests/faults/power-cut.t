#!/usr/bin/perl
# A power cut at each moment of a change.  From a trace of its calls come all the
# states of the disk that these allow: what was synced is there, what was not
# may be; each name in a directory that was not synced leads to what it led to
# once since, whatever the others do, as where no journal is kept: so the two
# names of an exchange may lead to one file, which has two links then; a file
# that was not synced since it was written is whole, half there or empty.
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

# Of what stands under a name; the mail directory's own is not known.
sub is_directory { return ($_[0] // 'directory') =~ /\Adirectory/ }

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
# 'directory MODE' or undef}} in the directories of these paths.  And what is
# where at the end.
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
			push @steps, { sync => is_directory($now{$fd}) ? $fd : $now{$fd} };
		} elsif ($e->{name} =~ $WRITES) {
			push @steps, { file => $now{$fd} } if defined $now{$fd};
		} elsif ($e->{name} eq 'copy_file_range') {
			my ($to) = $e->{rest} =~ /, \d+<([^>]*)>/;
			push @steps, { file => $now{$to} };
		} elsif (!defined $one || index($one, "$SITE/") != 0) {
			next;
		} elsif ($e->{name} =~ /\Amkdir/) {
			$set->($one => 'directory ' . $e->{rest} =~ s/.*, //r);
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

# Every {PATH => file or 'directory MODE'} of those that each path can lead to.
sub entries {
	my ($can_be) = @_;
	my @all = ({});
	for my $path (sort keys %$can_be) {
		my @next;
		for my $entries (@all) {
			# What stands in a directory that is not there is not there.
			my $lost = parent($path) ne $SITE && !$entries->{ parent($path) };
			push @next, map { defined && !$lost ? { %$entries, $path => $_ }
			    : $entries } @{ $can_be->{$path} };
		}
		my %unlike;
		for my $entries (@next) {
			$unlike{ join "\n", map { "$_=$entries->{$_}" } sort keys %$entries } = $entries;
		}
		@all = values %unlike;
	}
	return @all;
}

# "PATH=FILE:CONTENT ..." of each way in which the entries' files can be.
sub with_contents {
	my ($entries, $can) = @_;
	my @states = ({});
	for my $path (sort keys %$entries) {
		my $file = $entries->{$path};
		my @ways = is_directory($file) ? 'whole'
		    : @{ $can->{$file} // ['whole'] };
		@states = map { my $s = $_; map { { %$s, $file => $_ } }
		    $s->{$file} // @ways } @states;
	}
	return map { my $s = $_; join '', map { "$_=$entries->{$_}:$s->{ $entries->{$_} }\n" }
	    sort keys %$entries } @states;
}

# Every state, at every moment.
sub states {
	my ($steps) = @_;
	my %can_be = ("$SITE/access" => ['old access'],
	    "$SITE/access.db" => ['old access.db']);
	my %states;
	for my $at (-1 .. $#$steps) {
		my $step = $at < 0 ? {} : $steps->[$at];
		my %set = %{ $step->{set} // {} };
		push @{ $can_be{$_} //= [undef] }, $set{$_} for keys %set;
		for my $path (grep { parent($_) eq ($step->{sync} // '') } keys %can_be) {
			$can_be{$path} = [$can_be{$path}[-1]];
		}
		my $can = contents($steps, $at);
		for my $entries (entries(\%can_be)) {
			$states{$_} = 1 for with_contents($entries, $can);
		}
	}
	return sort keys %states;
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
# What has two names has two links, as fsck leaves it.
sub put {
	my ($change, $state, $from, $bytes) = @_;
	reset_files($change);
	my %is = map { ("old $_" => "$SITE/$_") }
	    grep { $state =~ m{/mail/\Q$_\E=old } } keys %MODE;
	for my $line (split /\n/, $state) {
		my ($path, $file, $content) = $line =~ /\A\Q$from\E(.*)=(.*):(\w+)\z/;
		$path = "$SITE$path";
		if ($file =~ /\Adirectory (\d+)\z/) {
			mkdir $path, 0700;
			chmod oct $1, $path;
			next;
		}
		next if ($is{$file} // '') eq $path;
		if ($is{$file}) {
			link $is{$file}, "$SITE/../new";
		} else {
			spew("$SITE/../new", bytes_of($bytes, $file, $content));
			chmod 0600, "$SITE/../new";
		}
		chmod $MODE{ $path =~ s{.*/}{}r }, "$SITE/../new" if parent($path) eq $SITE;
		rename "$SITE/../new", $path or die "$path: $!";
		$is{$file} //= $path;
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
	# A map that stays belongs to either text.
	is(join(', ', sort keys %kinds), ($change->{map_stays} ? '' : 'new new, ')
	    . 'new old, old old', "$title: ... and each of the others is seen")
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
