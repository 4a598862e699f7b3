#!/usr/bin/perl
# Owner, group, mode, ACL and extended attributes of the access file and of
# the map survive a change by either builder, and the daemon still reads the
# map: Debian's owners with TrustedUser, and others that sendmail finds safe.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Tlsoff;
use Tlsoff::Namespace;
use Tlsoff::Sendmail;

enter_namespace();

# Whom an ACL names; without root there is one user, who owns all files here.
my ($user, $group) = knows_one_user() ? (0, 0) : (4321, 4322);
diag('only root\'s files are tried: other owners need root') if $user == 0;

sub attributes {
	my ($path) = @_;
	my $stat = run(['stat', '-c', '%U:%G %u:%g %a', $path]);
	my $acl = run(['getfacl', '-n', '-p', $path]);
	my $xattr = run(['getfattr', '-d', '-m', '-', '--absolute-names', $path]);
	is($acl->{status}, 0, 'getfacl') or diag($acl->{err});
	return $stat->{out} . $acl->{out} . $xattr->{out};
}

sub must_run {
	my (@command) = @_;
	my $r = run(\@command);
	is($r->{status}, 0, "@command") or diag($r->{err});
	return;
}

# text and map as user:group:mode
my @cases = (
	["Debian's", '0:0:0600', "$ID{smmta}:$ID{smmsp}:0640", 'smmta'],
	["Red Hat's", '0:0:0644', '0:0:0640', undef],
	['group root reads', '0:0:0640', "$ID{smmta}:0:0640", undef],
	['another editor', "12345:12346:0664", "0:$ID{smmsp}:0640", undef],
	['for all', "$ID{smmta}:$ID{smmsp}:0644", '0:0:0666', 'smmta'],
);
my $number = 1;
for my $case (@cases) {
	my ($what, $text_owner, $map_owner, $trusted) = @$case;
	my $address = '127.0.1.' . $number++;
	my $mx = sendmail_cf("mx$number", address => $address, tls => 1,
	    trusted => $trusted);
	build_map($mx, debian_access() . canit_section());
	for my $pair ([$mx->{access}, $text_owner], [$mx->{map_file}, $map_owner]) {
		my ($path, $owner) = @$pair;
		my ($owns, $shares, $mode) = split /:/, $owner;
		$user == 0 or chown $owns, $shares, $path or die "chown: $!";
		chmod oct $mode, $path;
		must_run('setfattr', '-n', 'user.ticket', '-v', 'T-4711', $path);
		must_run('setfattr', '-n', 'user.odd', '-v', '0x00ff0a', $path);
		must_run('setfacl', '-m', "u:$user:r,g:$group:r,m::r", $path)
		    if $what ne 'for all';
	}
	start_daemon($mx);
	my @before = map { attributes($_) } @$mx{qw(access map_file)};
	for my $builder (qw(makemap libdb)) {
		my @call = ('-C', $mx->{file}, '-b', $builder, '--restart', 'none');
		my @inode = map { (stat $_)[1] } @$mx{qw(access map_file)};
		tlsoff_ok(@call, 'server', '127.0.0.1');
		is_deeply([map { attributes($_) } @$mx{qw(access map_file)}], \@before,
		    "$what, $builder: owner, mode, ACL and xattrs survive");
		isnt(join(' ', map { (stat $_)[1] } @$mx{qw(access map_file)}),
		    "@inode", '... though the files are new');
		is(smtp_ehlo($address)->{starttls}, 0, '... and the daemon reads it');
		tlsoff_ok(@call, 'remove', 'server', '127.0.0.1');
		is_deeply([map { attributes($_) } @$mx{qw(access map_file)}], \@before,
		    '... also after remove');
		is(smtp_ehlo($address)->{starttls}, 1, '... and STARTTLS is offered');
	}
	unlike(mail_log(), qr/unsafe|SYSERR|TMPF|4\.3\.0/, "$what: no complaint")
	    or diag(mail_log());
}

# The opposite: what this test would see if the owner were lost.
SKIP: {
	skip 'needs root: a map of another owner', 1 if $user == 0;
	my $mx = sendmail_cf('wrong', address => '127.0.2.1', tls => 1);
	build_map($mx, "# empty\n");
	chown $ID{smmta}, $ID{smmsp}, $mx->{map_file};
	start_daemon($mx);
	my $session = smtp_ehlo('127.0.2.1');
	like($session->{greeting} . $session->{lines} . wait_log(qr/unsafe/),
	    qr/unsafe map file/, 'sendmail does refuse a map of an untrusted owner');
}

done_testing();
