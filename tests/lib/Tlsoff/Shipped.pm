# Shipped.pm: what every package and "make install" have to bring, and that it
# works where it was put.
package Tlsoff::Shipped;

use strict;
use warnings;
use Exporter qw(import);
use Tlsoff;
use Tlsoff::Root;

our @EXPORT = qw(shipped_files_work);

# In a root with a makemap; PREFIX and zsh's directory as the package has them.
sub shipped_files_work {
	my ($root, $prefix, $zsh) = @_;
	my $program = "$prefix/sbin/tlsoff";
	my $r = in_root($program, '--version');
	is($r->{out}, tlsoff('--version')->{out}, 'the installed program runs')
	    or diag($r->{err});
	ok(-s $_, substr($_, length $root) . ' is there') for (
		-e "$root$prefix/share/man/man8/tlsoff.8.gz"
		    ? "$root$prefix/share/man/man8/tlsoff.8.gz"
		    : "$root$prefix/share/man/man8/tlsoff.8",
		"$root$prefix/share/bash-completion/completions/tlsoff",
		"$root$prefix/share/zsh/$zsh/_tlsoff",
		"$root$prefix/share/fish/vendor_completions.d/tlsoff.fish");
	my $page = run(['sh', '-c', 'zcat -f "$1"/man8/tlsoff.8*', 'sh',
		"$root$prefix/share/man"]);
	my ($version) = $r->{out} =~ /(\S+)\n/;
	like($page->{out}, qr/^\.Os tlsoff \Q$version\E$/m,
	    'the manual page says of which version it is');
	units($root, $program);
	cron_line($root, "$root$prefix/share/doc/tlsoff/tlsoff.cron");
	return;
}

# What systemd-analyze says about units that are not ours is none of our
# business: the units they refer to are not in the root.
sub units {
	my ($root, $program) = @_;
	my $units = (glob "$root/{usr/lib,usr/local/lib}/systemd/system/tlsoff-*")[0]
	    =~ s{/[^/]+\z}{}r;
	my ($service, $timer) = map { "$units/tlsoff-expire.$_" } qw(service timer);
	is_deeply([slurp($service) =~ /^ExecStart=(\S+) (.*)/m],
	    [$program, 'expire'], 'the service runs the installed program');
	# The analyst looks for the program on the machine itself.
	my $copy = scratch() . '/units';
	spew("$copy/tlsoff-expire.service",
	    slurp($service) =~ s{^ExecStart=\S+}{ExecStart=/bin/true}mr);
	spew("$copy/tlsoff-expire.timer", slurp($timer));
	for my $unit (qw(service timer)) {
		my $r = run(['systemd-analyze', '--man=no', 'verify',
			"$copy/tlsoff-expire.$unit"],
		    env => { SYSTEMD_LOG_LEVEL => 'warning' });
		is_deeply([grep { /tlsoff/ } split /\n/, $r->{err}], [],
		    "systemd-analyze finds nothing in the $unit");
	}
	my $r = run(['systemd-analyze', '--no-pager', '--offline=yes',
		'--threshold=40', 'security', "$copy/tlsoff-expire.service"]);
	is($r->{status}, 0, '... and its exposure is at most 4.0 of 10')
	    or diag($r->{out}, $r->{err});
	return;
}

# The command of the cron line removes what is past its date, and is silent.
sub cron_line {
	my ($root, $file) = @_;
	my @jobs = grep { /\A[^#\s]/ && !/\A\w+=/ } lines($file);
	is(scalar @jobs, 1, 'the cron file has one job');
	my ($fields, $user, $command) =
	    $jobs[0] =~ /\A((?:[\d*]+\s+){5})(\w+)\s+(.*)\n/;
	like($fields // '', qr/\A\d+\s+\d+\s+\*\s+\*\s+\*\s+\z/, '... daily');
	is($user, 'root', '... as root');
	spew("$root/etc/mail/access", <<'END');
Connect:192.0.2.1	REJECT
# tlsoff until 2020-01-01: gone
Try_TLS:old.example	NO
# tlsoff until 2999-01-01
Try_TLS:new.example	NO
END
	my $r = in_root('/bin/sh', '-c', $command);
	is($r->{status}, 0, '... its command works') or diag($r->{err});
	is($r->{out} . $r->{err}, '', '... and says nothing');
	is(slurp("$root/etc/mail/access"), "Connect:192.0.2.1\tREJECT\n"
	    . "# tlsoff until 2999-01-01\nTry_TLS:new.example\tNO\n",
	    '... but has removed the entry that is past its date');
	is_deeply([sort keys %{ dump_map('/dev/null', 'hash',
	    "$root/etc/mail/access.db") }],
	    ['connect:192.0.2.1', 'try_tls:new.example'], '... from the map too');
	return;
}

1;
