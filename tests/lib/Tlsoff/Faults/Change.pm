# Change.pm: one change of a small access file and its map, and those files
# themselves: as they were before, and run again.  A part of Tlsoff::Faults.
package Tlsoff::Faults::Change;

use strict;
use warnings;
use DB_File;
use Exporter qw(import);
use Fcntl;
use File::Path qw(make_path);
use POSIX ();
use Tlsoff;

our @EXPORT = qw(place change all_changes reset_files renew_files run_change
    records names $SITE %MODE);

our $SITE; # access, access.db and what stands beside them

# Modes that no side file has by itself.
our %MODE = (access => 0604, 'access.db' => 0644);

my $OLD = "Connect:127\tRELAY\nTry_TLS:old.example\tNO\n"
    . join('', map { "To:user$_\@example.net\tREJECT\n" } 1 .. 20);

# More lines of each cf; to be set before faults_begin().
our $MORE_CF = '';

# The directories of worker NUMBER: all paths have the same length.
sub place {
	my ($number) = @_;
	my $fs = scratch() . "/fs/$number";
	$SITE = "$fs/mail";
	make_path($SITE);
	spew("$fs/sendmail.cf",
	    "V10/Berkeley\nKaccess hash -T<TMPF> -o $SITE/access\n$MORE_CF");
	return;
}

# change(words => [...], builder => 'makemap', text => OLD, map_text => ...,
#     beside => {NAME => BYTES}, exchange => 1): remembers old and new text and
# map; dies where the change does not even work undisturbed.
sub change {
	my (%c) = @_;
	$c{text} //= $OLD;
	$c{map_text} //= $c{text};
	$c{exchange} //= 1;
	$c{name} //= join(' ', @{ $c{words} }) . ", $c{builder}"
	    . ($c{exchange} ? '' : ', no exchange');
	clear_site();
	my $r = makemap("$SITE/../sendmail.cf", 'hash', "$SITE/access",
	    $c{map_text});
	die "makemap: $r->{err}" if $r->{status} != 0;
	$c{map} = slurp("$SITE/access.db");
	$c{old_records} = records("$SITE/access.db");
	reset_files(\%c);
	$r = run_change(\%c);
	die "$c{name}: $r->{err}" if $r->{status} > 1 || $r->{signal};
	@c{qw(status out)} = @$r{qw(status out)};
	$c{new_text} = slurp("$SITE/access");
	$c{new_records} = records("$SITE/access.db");
	return \%c;
}

sub clear_site {
	for my $name (names()) {
		next if unlink "$SITE/$name";
		unlink glob("$SITE/$name/* $SITE/$name/.[!.]*");
		rmdir "$SITE/$name" or die "$SITE/$name: $!";
	}
	return;
}

# Text and map as they were, and nothing else.
sub reset_files {
	my ($c) = @_;
	clear_site();
	return renew_files($c);
}

# Text and map as they were; what stands beside them stays.
sub renew_files {
	my ($c) = @_;
	unlink map { "$SITE/$_" } keys %MODE;
	write_file('access', $c->{text});
	write_file('access.db', $c->{map});
	# Younger than any text: then tlsoff ages it for make every time, not
	# only where both happen to be of the same second.
	utime time + 7200, time + 7200, "$SITE/access.db" if $c->{young_map};
	spew("$SITE/$_", $c->{beside}{$_}) for keys %{ $c->{beside} // {} };
	$c->{inodes} = { map { $_ => (stat "$SITE/$_")[1] } keys %MODE };
	return;
}

# Always young: the change then looks at the bytes once more.
sub write_file {
	my ($name, $bytes) = @_;
	sysopen my $file, "$SITE/$name", O_WRONLY | O_CREAT | O_EXCL, 0600
	    or die "$SITE/$name: $!";
	syswrite $file, $bytes;
	close $file or die "$SITE/$name: $!";
	chmod $MODE{$name}, "$SITE/$name";
	utime time + 3600, time + 3600, "$SITE/$name" if $name eq 'access';
	return;
}

sub names {
	opendir my $dir, $SITE or die "$SITE: $!";
	return grep { !/\A\.\.?\z/ } readdir $dir;
}

# What is in the map; undef where it cannot be read.
sub records {
	my ($path) = @_;
	tie my %map, 'DB_File', $path, O_RDONLY, 0, $DB_HASH or return undef;
	my $all = join "\n", sort map { "$_\t$map{$_}" } keys %map;
	untie %map;
	return $all;
}

# The changes that are swept: both ways of making a map, and of mending one;
# with the exchange of two files, and where the file system has none.  Brief is
# one that differs little from the others: one error each time.
sub all_changes {
	my $twice = $OLD . "Try_TLS:old.example\tNO\n";
	return map { change(%$_) }
	    { words => ['client', 'a.example'], builder => 'makemap' },
	    { words => ['client', 'a.example'], builder => 'libdb' },
	    { words => ['client', 'a.example'], builder => 'patch', brief => 1 },
	    { words => ['remove', 'client', 'old.example'], builder => 'libdb',
	        exchange => 0 },
	    { words => ['-c', 'why', 'client', 'old.example'], builder => 'libdb',
	        map_stays => 1, brief => 1 },
	    { words => ['check', '--fix'], builder => 'libdb', text => $twice,
	        map_text => $OLD, brief => 1 };
}

# {status, signal, out, err} of the change, or of COMMAND with it behind.
sub run_change {
	my ($c, @before) = @_;
	my $base = "$SITE/../run";
	my $pid = fork // die "fork: $!";
	if ($pid == 0) {
		open STDIN, '<', '/dev/null';
		open STDOUT, '>', "$base.out";
		open STDERR, '>', "$base.err";
		# Where nothing is built by makemap none is found, either: it
		# would be asked for its types, with as many calls as it takes.
		my @makemap = $c->{builder} =~ /\A(?:libdb|none)\z/ ? ()
		    : ('--makemap', $c->{makemap} // $MAKEMAP);
		my @options = $c->{builder} eq 'none' ? ()
		    : (@makemap, '-b', $c->{builder}, '--restart', 'none');
		$ENV{PATH} = '/usr/bin:/bin';
		my @command = (@before, $TLSOFF, '-C', "$SITE/../sendmail.cf",
		    @options, @{ $c->{words} });
		exec { $command[0] } @command or POSIX::_exit(127);
	}
	waitpid $pid, 0;
	my ($status, $signal) = ($? >> 8, $? & 127);
	my ($out, $err) = map { s{/fs/\K\d(?=/)}{N}gr }
	    slurp("$base.out"), slurp("$base.err");
	return { status => $status, signal => $signal, out => $out, err => $err };
}

1;
