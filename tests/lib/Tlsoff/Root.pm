# Root.pm: building packages, and a small root directory to install them in.
#
#   use Tlsoff;
#   use Tlsoff::Namespace;
#   use Tlsoff::Root;
#   my $build = built('deb');   # "make deb", outside; its build directory
#   enter_namespace();
#   my $root = new_root();
#   in_root('tlsoff', '--version');
#
# In the root the programs and libraries are links to the machine's own, which
# is mounted read-only at /host there; what a package writes to is its own.
# systemctl notes how it was called, and disables; it speaks of a machine where
# systemd runs and the timer is not enabled.
package Tlsoff::Root;

use strict;
use warnings;
use Exporter qw(import);
use File::Find qw(find);
use Tlsoff;

our @EXPORT = qw(built new_root in_root files_of enable_timer
    systemctl_calls);

my $root;

# A package is made of the last commit, by the user who runs the tests.
sub built {
	my ($target) = @_;
	my $build = "$BUILD/packages/$target";
	return $build if defined $ENV{TLSOFF_TEST_MACHINE};
	system('mkdir', '-p', $build);
	return $build if system("make -C '$TOP' BUILD='$build' $target"
	    . " >'$build/log' 2>&1 </dev/null") == 0;
	fail("make $target");
	diag(scalar `tail -n 40 '$build/log'`);
	done_testing();
	exit 1;
}

sub must { system(@_) == 0 or die "@_ failed\n" }

# Links in the root's directory to all that the machine's has, but for NAMES.
sub link_all {
	my ($directory, @names) = @_;
	my %without = map { $_ => 1 } '.', '..', @names;
	opendir my $handle, "/$directory" or return;
	for my $name (readdir $handle) {
		symlink "/host/$directory/$name", "$root/$directory/$name"
		    unless $without{$name};
	}
	return;
}

sub new_root {
	$root = scratch() . '/root';
	must('mkdir', '-p', map { "$root/$_" } qw(host dev etc/mail proc tmp
	    run/systemd/system usr/bin usr/sbin usr/lib/systemd/system
	    usr/share/doc var/lib/dpkg/info var/lib/dpkg/updates
	    var/lib/rpm var/log var/tmp));
	for my $directory (qw(bin sbin lib)) {
		symlink "usr/$directory", "$root/$directory";
	}
	link_all('usr/bin', 'systemctl');
	link_all('usr/sbin', qw(makemap policy-rc.d sendmail tlsoff));
	link_all('usr/lib', 'systemd', '.build-id');
	link_all('usr/share', qw(bash-completion doc fish licenses lintian man zsh));
	for my $directory (grep { -d "/$_" } qw(lib32 lib64)) {
		symlink "/host/$directory", "$root/$directory";
	}
	must('cp', grep({ -e } qw(/etc/passwd /etc/group /etc/ld.so.cache)),
	    "$root/etc");
	script("$root/usr/bin/systemctl", <<'END');
#!/bin/sh
echo "$*" >>/systemctl.calls
case "$*" in
*is-enabled*) echo disabled; exit 1 ;;
*is-active*) echo inactive; exit 3 ;;
*disable*) rm -f "/etc/systemd/system/timers.target.wants/${*##* }" ;;
esac
END
	script("$root/usr/sbin/makemap", "#!/bin/sh\nexec /host$MAKEMAP \"\$@\"\n");
	must('mount', '--rbind', '/', "$root/host");
	# A user's namespace may not, but the user may not write there either.
	system("mount -o remount,bind,ro '$root/host' 2>/dev/null");
	must('mount', '--bind', '/dev', "$root/dev");
	must('mount', '-t', 'proc', 'proc', "$root/proc");
	return $root;
}

sub in_root { return run(['chroot', $root, @_]) }

# All that is no directory, but what package managers note, with its bytes.
sub files_of {
	my %file;
	find({ no_chdir => 1, wanted => sub {
		my $path = substr $_, length $root;
		if ($path =~ m{\A/(?:host|dev|proc|var/lib/(?:dpkg|rpm)|var/log)\z}) {
			$File::Find::prune = 1;
		}
		elsif (-l) { $file{$path} = 'link to ' . readlink }
		elsif (-f && $path !~ m{\A/systemctl\.calls\z}) {
			$file{$path} = slurp($_);
		}
	} }, $root);
	return \%file;
}

# What "systemctl enable" does.
sub enable_timer {
	my ($units) = @_;
	my $wants = "$root/etc/systemd/system/timers.target.wants";
	must('mkdir', '-p', $wants);
	symlink "$units/tlsoff-expire.timer", "$wants/tlsoff-expire.timer"
	    or die "$wants: $!";
	return;
}

sub systemctl_calls {
	return -e "$root/systemctl.calls" ? slurp("$root/systemctl.calls") : '';
}

1;
