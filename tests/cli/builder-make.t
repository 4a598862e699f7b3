#!/usr/bin/perl
# -b make, with Makefiles of every kind: where the map is not what the text
# says afterwards, both are what they were, and the message has make's words.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Tlsoff;

my $dir = scratch();
my $access = "$dir/access";
my $cf = "$dir/sendmail.cf";
my $old = "Connect:127.0.0.1\tOK\nTry_TLS:old.example\tNO\n";
my $new = "${old}Try_TLS:a.example\tNO\n";
spew($cf, "V10/Berkeley\nKaccess hash -T<TMPF> -o $access\n");
my $build = "$MAKEMAP -C $cf hash access <access";

# A run with that rule, from text and map that belong together, or no map.
sub run_make {
	my ($rule, %given) = @_;
	unlink "$access.db", "$access";
	spew($access, $old);
	system("cd $dir && $build && chmod 0644 access.db") if !$given{no_map};
	spew("$dir/Makefile", ".PHONY: all\nall:\n" . join '',
	    map { "\t$_\n" } split /\n/, $rule);
	return tlsoff('-C', $cf, '-b', 'make', '--restart', 'none',
	    'client', 'a.example');
}

sub entries {
	return undef if !-e "$access.db";
	my $r = run([$MAKEMAP, '-C', $cf, '-u', 'hash', $access]);
	return join '', sort map { "$_\n" } split /\n/, $r->{out};
}

sub entries_of {
	my ($text) = @_;
	return lc(join '', sort map { "$_\n" } split /\n/, $text)
	    =~ s/\tno$/\tNO/mgr =~ s/\tok$/\tOK/mgr;
}

sub beside {
	opendir my $d, $dir or die "$dir: $!";
	return join ' ', sort grep {
	    !/\A(?:\.\.?|access(?:\.db)?|sendmail\.cf|Makefile|new\.db)\z/
	} readdir $d;
}

sub is_done {
	my ($r, $what) = @_;
	is($r->{status}, 0, "$what: done") or diag($r->{out}, $r->{err});
	is(slurp($access), $new, '... the text is new');
	is(entries(), entries_of($new), '... and so is the map');
	is(beside(), '', '... and nothing is left beside them');
	return;
}

sub is_undone {
	my ($r, $what, $words, $map) = @_;
	cmp_ok($r->{status}, '>', 1, "$what: fails");
	like($r->{err}, $words, '... and says why');
	is(slurp($access), $old, '... the old text is back');
	is(entries(), $map, '... and the old map');
	is(beside(), '', '... and nothing is left beside them');
	return;
}

my $map = entries_of($old);

is_done(run_make("\@$build"), 'a rule that writes into the map');
is_done(run_make("\@$build; chmod 0600 access.db; mv access.db new.db; "
    . 'cp new.db access.db'), 'one that puts another file there');
is((stat "$access.db")[2] & 07777, 0644, '... with the mode of the old one');
is_done(run_make("\@$build", no_map => 1), 'where no map was');
is((stat "$access.db")[2] & 07777, 0640, '... owner and group may read it');

is_undone(run_make('@exit 0'), 'a make that does nothing',
    qr/"Try_TLS:a\.example" is in the text but not in the map.*said nothing/,
    $map);
is_undone(run_make('@exit 0', no_map => 1), 'one that makes no map',
    qr/access\.db.*said nothing/, undef);
is_undone(run_make("\@head -n 1 access >x; $MAKEMAP -C $cf hash access <x; "
    . 'rm x', no_map => 1), 'one that makes half a map', qr/in the text/, undef);
is_undone(run_make('@rm access.db'), 'one that removes the map',
    qr/access\.db/, $map);
is_undone(run_make("\@$build; ln -f access.db new.db"),
    'one that gives the map a second name', qr/hard links/, $map);
my $r = run_make('@printf "%0400d\n\033[2J" 7; exit 3');
is_undone($r, 'one that talks', qr/\(exit status 2\) says: 0{300}/, $map);
unlike($r->{err}, qr/0{301}|\033/, '... and is quoted in part, made visible');
is_undone(run_make("\@echo one; echo two; exit 3"), 'one of two lines',
    qr{says: one / two}, $map);

$r = run_make('@rm access.db; mkdir access.db');
like($r->{err}, qr/access\.db: the old map could not be put back \(.*run tlsoff check/,
    'a directory where the map was: that the old map is not back is said');
is(slurp($access), $old, '... and the old text is');
rmdir "$access.db";

# Somebody who found the old text by its name a moment ago changes its mode
# while make runs: that is not lost.
$r = run_make("\@[ -e once ] || { chmod 0600 .access.tlsoff.d/access; touch once; }; $build");
unlink "$dir/once";
is_done($r, 'a mode changed while make runs');
is((stat $access)[2] & 07777, 0600, '... and kept');

# make builds what is older than the text: so a map from the future is, too.
$r = run_make('@exit 0');
utime time + 3600, time + 3600, "$access.db";
my $future = (stat "$access.db")[9];
spew("$dir/Makefile", "access.db: access\n\t\@exit 1\n");
is_undone(tlsoff('-C', $cf, '-b', 'make', '--restart', 'none', 'client',
    'a.example'), 'a map from the future and a make that fails',
    qr/in the text but not in the map/, $map);
is((stat "$access.db")[9], $future, '... the map has its time again');
spew("$dir/Makefile", "access.db: access\n\t\@$build\n");
is_done(tlsoff('-C', $cf, '-b', 'make', '--restart', 'none', 'client',
    'a.example'), 'a map from the future');

done_testing();
