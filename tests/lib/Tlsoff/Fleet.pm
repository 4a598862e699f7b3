# Fleet.pm: mail servers on a network of their own, each with sshd.
#
#   use Tlsoff; use Tlsoff::Namespace; use Tlsoff::Fleet;
#   enter_namespace();
#   my $host = start_host('mx1');       # 10.99.0.1, "$host->{mail}" its /etc/mail
#   my $r = playbook('site.yml', '--check');
#
# A host is a network and a mount namespace below the test's own: its /etc/mail
# is a directory of its own, the rest of the file system is the test's.
package Tlsoff::Fleet;

use strict;
use warnings;
use Exporter qw(import);
use POSIX ();
use Tlsoff;
use Tlsoff::Namespace;

our @EXPORT = qw(start_host absent_host playbook);

my $dir;
my %addresses;
my $network = '10.99.0';

sub must {
	my (@command) = @_;
	system(@command) == 0 or die "@command failed\n";
	return;
}

# The network, and the keys of the one administrator.
sub prepare {
	return if defined $dir;
	$dir = scratch();
	must(qw(ip link add fleet type bridge));
	must('ip', 'addr', 'add', "$network.254/24", qw(dev fleet));
	must(qw(ip link set fleet up));
	must('ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', "$dir/$_")
	    for qw(admin server);
	mkdir '/run/sshd';
	# Debian's package makes this user.
	append('/etc/passwd', "sshd:x:949:65534::/run/sshd:/bin/false\n")
	    if !defined getpwnam 'sshd';
	return;
}

sub address {
	my ($name) = @_;
	return $addresses{$name} //= "$network." . (1 + keys %addresses);
}

# A name in the inventory that nothing answers for.
sub absent_host { my ($name) = @_; prepare(); address($name); return; }

# Joins host NAME to the network; the rest happens inside its namespaces.
sub start_host {
	my ($name) = @_;
	prepare();
	my $address = address($name);
	my $mail = "$dir/$name/mail";
	must('mkdir', '-p', $mail);
	must(qw(ip netns add), $name);
	must('ip', 'link', 'add', "v$name", qw(type veth peer name eth0 netns), $name);
	must('ip', 'link', 'set', "v$name", qw(master fleet up));
	must(qw(ip -n), $name, qw(addr add), "$address/24", qw(dev eth0));
	must(qw(ip -n), $name, qw(link set), $_, 'up') for qw(lo eth0);
	spew("$dir/$name/sshd_config", <<"END");
HostKey $dir/server
AuthorizedKeysFile $dir/admin.pub
PidFile $dir/$name/sshd.pid
PermitRootLogin yes
PasswordAuthentication no
StrictModes no
UsePAM no
END
	my $pid = fork // die "fork: $!";
	if ($pid == 0) {
		my $libraries = join ':', glob("$BUILD/sshd/usr/lib/*-linux-gnu");
		$ENV{LD_LIBRARY_PATH} = $libraries;
		no warnings 'exec';
		exec qw(ip netns exec), $name, qw(sh -ec),
		    'mount --bind "$1" /etc/mail; hostname "$4"; exec "$2" -D -e -f "$3" 2>"$3.log"',
		    'sh', $mail, "$BUILD/sshd/usr/sbin/sshd",
		    "$dir/$name/sshd_config", $name;
		POSIX::_exit(127);
	}
	wait_for(sub { -s "$dir/$name/sshd.pid" })
	    or die "$name: sshd does not start: " . slurp("$dir/$name/sshd_config.log");
	return { name => $name, mail => $mail };
}

sub inventory {
	my $text = '';
	for my $name (sort keys %addresses) {
		$text .= "$name ansible_host=$addresses{$name}\n";
	}
	return spew("$dir/inventory", $text);
}

# ansible-playbook over all hosts there are: {status, out, err}.
sub playbook {
	my ($text, @more) = @_;
	my $ssh = "-F none -i $dir/admin -o StrictHostKeyChecking=no"
	    . ' -o UserKnownHostsFile=/dev/null -o ConnectTimeout=5'
	    . ' -o ControlMaster=no -o LogLevel=ERROR';
	spew("$dir/site.yml", $text);
	return run(['ansible-playbook', '-i', inventory(), "$dir/site.yml", @more],
	    time_limit => 300, env => {
		HOME => $dir,
		LC_ALL => 'C.UTF-8',
		ANSIBLE_LOCAL_TEMP => "$dir/tmp",
		ANSIBLE_REMOTE_TEMP => "$dir/tmp-remote",
		ANSIBLE_NOCOLOR => 1,
		ANSIBLE_DEPRECATION_WARNINGS => 'False',
		ANSIBLE_PIPELINING => 'True',
		ANSIBLE_SSH_ARGS => $ssh,
		ANSIBLE_REMOTE_USER => 'root',
		ANSIBLE_PYTHON_INTERPRETER => '/usr/bin/python3',
		ANSIBLE_ROLES_PATH => "$TOP/src/dist/ansible/roles",
		ANSIBLE_LIBRARY => "$TOP/src/dist/ansible/roles/tlsoff/library",
		ANSIBLE_CONFIG => spew("$dir/ansible.cfg", ''),
	});
}

1;
