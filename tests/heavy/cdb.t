#!/usr/bin/perl
# A sendmail without Berkeley DB, compiled with cdb in either of the two ways
# there are: the file of the map is the one that its makemap writes and its
# sendmail reads, whatever the K line calls it, and a type that it lacks is told.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Tlsoff;
use Tlsoff::Namespace;
use Tlsoff::Sendmail;

my $dir = "$BUILD/cdb";

# ---- two sendmails, from Debian's sources ----

sub quietly {
	my ($what, $in, $command) = @_;
	system("cd '$in' && { $command; } >'$dir/log' 2>&1 </dev/null") == 0 and return;
	fail($what);
	diag(scalar `tail -n 30 '$dir/log'`);
	done_testing();
	exit 1;
}

# With lists of its own: this machine's apt need not know of sources.
sub download {
	my ($release) = slurp('/etc/os-release') =~ /^VERSION_CODENAME=(\w+)/m;
	chomp(my @mirrors = `apt-get indextargets --format '\$(REPO_URI)' 'Created-By: Packages'`);
	my ($mirror) = grep { m{/debian/?\z} } @mirrors;
	system("mkdir -p '$dir/lists/partial'");
	spew("$dir/sources", "deb-src $mirror $release main\n");
	my $apt = "apt-get -o APT::Sandbox::User=root -o Dir::Etc::sourcelist='$dir/sources'"
	    . " -o Dir::Etc::sourceparts=/dev/null -o Dir::State::lists='$dir/lists'";
	quietly("sendmail's sources", $dir,
	    "$apt update && $apt source --download-only sendmail");
	return;
}

sub build {
	my ($way) = @_;
	my $source = "$dir/$way.new";
	system('rm', '-rf', $source);
	quietly('unpacking', $dir, "mkdir '$way.new' && tar -C '$way.new' --strip-components=1"
	    . " -xf sendmail_*.orig.tar.gz");
	spew("$source/devtools/Site/site.config.m4",
	    "define(`confMAPDEF', `-DCDB=$way')\ndefine(`confLIBS', `-lcdb')\n"
	    . "define(`confENVDEF', `-DHAS_GETHOSTBYNAME2')\n");
	quietly("$_ with CDB=$way", "$source/$_", 'sh Build')
	    for qw(libsm libsmutil libsmdb makemap sendmail);
	quietly('keeping it', $source, "mkdir bin && cp obj.*/makemap/makemap"
	    . " obj.*/sendmail/sendmail bin");
	rename $source, "$dir/$way" or die "$dir/$way: $!";
	return;
}

if (!defined $ENV{TLSOFF_TEST_MACHINE}) {
	download() if !glob "$dir/sendmail_*.orig.tar.gz";
	for my $way (1, 2) {
		build($way) if !-e "$dir/$way/bin/sendmail";
	}
}
enter_namespace();

# ---- what becomes of a K line ----

my $number = 0;

# FILE: the map's, as sendmail opens it.
sub is_served {
	my ($way, $line, $file) = @_;
	my $site = site($way, $line);
	my @call = ('-C', $site->{file}, '--makemap', "$dir/$way/bin/makemap");
	my $r = tlsoff_ok(@call, '--restart', 'none', 'client', 'luna.bagoona.com');
	like($r->{out}, qr{^map \Q$site->{dir}/$file\E: .* proven$}m,
	    "CDB=$way, K $line: the map is $file");
	$SENDMAIL = "$dir/$way/bin/sendmail";
	my ($answer) = ask_tls($site->{file}, [client => 'luna.bagoona.com', '192.0.2.9']);
	is($answer->{tls}, 'off', '... and this sendmail reads it');
	tlsoff_ok(@call, 'explain', 'client', 'luna.bagoona.com');
	$r = tlsoff_ok(@call, 'list');
	like($r->{out}, qr/in force/, '... list finds the entry in it');
	$r = tlsoff_ok(@call, 'check');
	is($r->{out}, '', '... and check nothing wrong');
	return;
}

# A map of hash that is left from the sendmail before this one.
sub is_ignored {
	my ($way, $type) = @_;
	my $site = site($way, "$type -T<TMPF> access");
	my @call = ('-C', $site->{file}, '--makemap', "$dir/$way/bin/makemap");
	spew($site->{access}, "Try_TLS:a.example\tNO\n");
	makemap($site->{file}, $type, $site->{access}, slurp($site->{access}));
	ok(-s "$site->{access}.db", "CDB=$way: a map of $type is left");
	$SENDMAIL = "$dir/$way/bin/sendmail";
	my ($answer) = ask_tls($site->{file}, [client => 'a.example', '192.0.2.9']);
	is($answer->{tls}, 'on', '... which sendmail ignores');
	my $why = qr/\Q$site->{file}\E: the makemap of this machine has no maps of type $type/;
	my $r = tlsoff(@call, 'check');
	is($r->{status}, 1, '... check finds it');
	like($r->{out}, $why, '... and says so');
	my $before = slurp("$site->{access}.db");
	$r = tlsoff(@call, '-b', 'libdb', '--restart', 'none', 'client', 'b.example');
	is($r->{status}, 78, '... libdb builds no map for it');
	like($r->{err}, qr/\Atlsoff: $why.*\n\z/, '... and one line says why');
	is(slurp("$site->{access}.db"), $before, '... nothing is changed');
	return;
}

sub site {
	my ($way, $line) = @_;
	my $name = 'cdb' . $number++;
	my $site = sendmail_cf($name,
	    map => $line =~ s{access}{/tlsoff.test/$name/mail/access}r);
	$site->{dir} = "/tlsoff.test/$name/mail";
	spew($site->{access}, debian_access() . canit_section());
	return $site;
}

for my $way (1, 2) {
	my $end = $way == 1 ? '.cdb' : '.db';
	is_served($way, 'cdb -T<TMPF> access', "access$end");
	is_served($way, 'implicit -T<TMPF> access', "access$end");
	is_served($way, 'cdb -T<TMPF> access.db', $way == 1 ? 'access.db.cdb' : 'access.db');
	is_ignored($way, 'hash');
	is_ignored($way, 'btree');
}

done_testing();
