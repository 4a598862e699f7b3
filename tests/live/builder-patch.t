#!/usr/bin/perl
# -b patch: a copy of the map with what changed holds what makemap makes of the
# text, stays a sound file over hundreds of changes, and where a copy cannot
# serve makemap builds the map, and tlsoff says so.
#
# SEED=N in the environment repeats a run, ROUNDS=N makes it longer.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP;
use Tlsoff;
use Tlsoff::Namespace;
use Tlsoff::Sendmail;

enter_namespace();
my $seed = $ENV{SEED} // int rand 1_000_000_000;
my $rounds = $ENV{ROUNDS} // 25;
note("SEED=$seed");
srand $seed;

sub pick { return $_[rand @_] }

# Does the map hold what makemap would make of the text?  Why not, or ''.
sub differs {
	my ($site, $type, @flags) = @_;
	my $other = "$site->{dir}/mail/other";
	unlink "$other.db";
	makemap($site->{file}, $type, $other, slurp($site->{access}), @flags);
	my @dumps = map {
		join '', sort split /(?<=\n)/, run([$MAKEMAP, '-C', $site->{file},
		    '-u', $type, $_])->{out}
	} $site->{access}, $other;
	return $dumps[0] eq $dumps[1] ? '' : 'makemap would make another map';
}

sub damaged {
	my ($file) = @_;
	my $r = run(['db5.3_verify', '-q', $file]);
	return $r->{status} == 0 ? '' : "db5.3_verify: $r->{status} $r->{err}";
}

# patch(SITE, WORD...): status, JSON and what it said.
sub patch {
	my ($site, @words) = @_;
	my $r = tlsoff('-j', '-C', $site->{file}, '-b', 'patch', '--restart',
	    'none', @words);
	$r->{said} = eval { decode_json($r->{out}) } // {};
	$r->{builder} = $r->{said}{map}{builder} // 'none';
	return $r;
}

sub site {
	my ($name, $type, $text, @flags) = @_;
	my $site = sendmail_cf($name,
	    map => "$type @flags -T<TMPF> /tlsoff.test/$name/mail/access");
	spew($site->{access}, $text);
	makemap($site->{file}, $type, $site->{access}, $text, @flags);
	return $site;
}

# Any sequence of edits leaves the map that makemap would have made.  Keys with
# every flag of the K line, letters of both cases, and pages that overflow.
my @names = map { ("h$_.example", "H$_.Example.NET", "192.0.2.$_") } 1 .. 12;
for my $case (['hash'], ['btree'], ['hash', '-N'], ['hash', '-f'],
    ['btree', '-N', '-f']) {
	my ($type, @flags) = @$case;
	my $name = join '', 'p', $type, map { substr $_, 1 } @flags;
	my $filler = join '', map { "Connect:f$_.example\tRELAY" . 'x' x ($_ % 900)
	    . "\n" } 1 .. 300;
	my $site = site($name, $type, debian_access() . $filler
	    . canit_section(), @flags);
	my $bad = '';
	my %made;
	for my $round (1 .. $rounds) {
		my @hosts = map { pick(@names) } 1 .. 1 + int rand 4;
		my $role = pick(qw(client server));
		my @words = rand() < 0.6 ? ('--exact', $role, @hosts)
		    : ('remove', $role, @hosts);
		my $r = patch($site, @words);
		$made{$r->{builder}}++;
		$bad = "status $r->{status} $r->{err}" if $r->{status} != 0;
		$bad ||= differs($site, $type, @flags)
		    || damaged("$site->{access}.db");
		last if $bad;
	}
	is($bad, '', "@$case: $rounds edits, each as makemap (SEED=$seed)");
	delete $made{none};
	is(join(' ', keys %made), 'patch', "@$case: no map was built anew");
}

my $host = 'luna.bagoona.com';
my $text = debian_access() . "Try_TLS:$host\tOK\n"
    . "Try_TLS:other.example\tNO\n" . canit_section();

# Sendmail reads it, in a session under way too.
my $mx = sendmail_cf('mx', address => '127.0.0.2', tls => 1);
build_map($mx, debian_access());
start_daemon($mx);
is(patch($mx, 'server', '127.0.0.1')->{builder}, 'patch',
    'the document names the builder');
is(smtp_ehlo('127.0.0.2')->{starttls}, 0,
    'the daemon does not offer STARTTLS');
is(verdict($mx->{file}, 'server', '', '127.0.0.1'),
    'off by Srv_Features:127.0.0.1', 'so say the rulesets');
patch($mx, 'remove', 'server', '127.0.0.1');
is(smtp_ehlo('127.0.0.2')->{starttls}, 1, 'and offers it again');
unlike(mail_log(), qr/SYSERR|unsafe/, 'sendmail found nothing wrong');

# Of two entries for a key makemap takes the first: when that goes, the other
# has to be in the map.
my $twice = site('twice', 'hash', "# tlsoff until 2020-01-01\n"
    . "Try_TLS:$host\tNO\nTry_TLS:\U$host\E\tNO OK\nConnect:a\tOK\n");
my $r = patch($twice, 'expire');
is($r->{status}, 0, 'one of two entries goes') or diag($r->{err});
is(differs($twice, 'hash'), '', 'the map has what is left');

# Duplicates that are none of ours are makemap's business as before.
my $stranger = site('stranger', 'hash',
    "Connect:a\tOK\nConnect:A\tREJECT\nTo:b\n" . $text);
$r = patch($stranger, 'client', 'new.example');
is($r->{builder}, 'patch', 'a text with bad lines is patched');
is(scalar(grep { /duplicate key|without a value/ } @{ $r->{said}{warnings} }),
    2, 'and they are warned of') or diag(explain($r->{said}));
is(differs($stranger, 'hash'), '', 'as makemap does');

# What a copy cannot mend is built anew.
my %fallback = (
	'no map' => sub { unlink $_[1] },
	'an empty file' => sub { spew($_[1], '') },
	'another kind of file' => sub { spew($_[1], 'no map ' x 2000) },
	'a map of another type' => sub {
		unlink $_[1];
		makemap('/dev/null', 'btree', $_[0], $text);
	},
	'a map that lacks an entry' => sub {
		makemap('/dev/null', 'hash', $_[0], debian_access());
	},
	'a map with an entry more' => sub {
		makemap('/dev/null', 'hash', $_[0], $text . "Connect:more\tOK\n");
	},
	'a map with other values' => sub {
		makemap('/dev/null', 'hash', $_[0], $text =~ s/\tNO$/\tNO!/mr);
	},
	'a damaged map' => sub {
		my $bytes = slurp($_[1]);
		for (my $at = 4096; $at < length $bytes; $at += 4096) {
			substr($bytes, $at + 20, 20) = "\xa5" x 20;
		}
		spew($_[1], $bytes);
	},
	'half a map' => sub {
		my $bytes = slurp($_[1]);
		spew($_[1], substr $bytes, 0, length($bytes) / 2);
	},
);
my $number = 0;
for my $what (sort keys %fallback) {
	my $site = site('back' . $number++, 'hash', $text);
	my $db = "$site->{access}.db";
	$fallback{$what}->($site->{access}, $db);
	my $r = patch($site, 'client', 'new.example');
	is($r->{status}, 0, "$what: the change is made") or diag($r->{err});
	is($r->{builder}, 'makemap', '... by makemap');
	like($r->{err}, qr/could not be patched: \S/, '... and told');
	is(differs($site, 'hash') || damaged($db), '', '... and right');
	is(join(' ', glob "$site->{dir}/mail/.*tlsoff*"), '',
	    '... with nothing left behind');
}

# The file does not grow with the number of changes.
my $many = site('many', 'hash', debian_access() . join '', map {
    "Connect:f$_.example\tRELAY\n" } 1 .. 2000);
my $size;
for my $i (1 .. 250) {
	patch($many, '--exact', 'client', "host$i.example")->{builder} eq 'patch'
	    or BAIL_OUT("change $i was not patched");
	patch($many, 'remove', 'client', "host$i.example");
	$size //= -s "$many->{access}.db";
}
is(differs($many, 'hash') || damaged("$many->{access}.db"), '',
    'after 500 changes the map is sound');
cmp_ok(-s "$many->{access}.db", '<=', 2 * $size, 'and has not grown');

done_testing();
