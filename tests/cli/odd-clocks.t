#!/usr/bin/perl
# A clock at 1970, beyond 2038 or beyond all years, days that there are only in
# some years, and zones in which it is another day: --until and expire go by the
# calendar of the caller's zone, and what is no date is never written.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Time::Local qw(timegm);
use Tlsoff;
use Tlsoff::Site;

plan(skip_all => 'an analyzer has to come first') if $ENV{TLSOFF_ANALYZED};
my $CLOCK = "$BUILD/faults/clock.so";
plan(skip_all => "$CLOCK: not built; run: make fault-tools") if !-e $CLOCK;

scratch();

# tlsoff at a moment, seconds since 1970, in a zone.
sub at {
	my ($moment, $zone, @words) = @_;
	return edit(@words, { env => { LD_PRELOAD => $CLOCK, CLOCK => $moment,
		TZ => $zone } });
}

# Year, month, day, and perhaps hour, minute, second.
sub utc {
	my ($year, $month, $day, $hour, $minute, $second) = @_;
	return timegm($second // 0, $minute // 0, $hour // 0, $day, $month - 1,
	    $year);
}

# ---- --until ----

my @until = (
	[0, 'UTC0', '30d', '1970-01-31'],
	[-1, 'UTC0', '1d', '1970-01-01'],
	[0, 'EST5', '1d', '1970-01-01'],
	[0x7fffffff, 'UTC0', '1d', '2038-01-20'],
	[0x80000000, 'UTC0', '1d', '2038-01-20'],
	[1 << 32, 'UTC0', '1d', '2106-02-08'],
	[utc(2040, 2, 28), 'UTC0', '1d', '2040-02-29'],
	[utc(2040, 2, 29), 'UTC0', '1d', '2040-03-01'],
	[utc(2040, 2, 29), 'UTC0', '365d', '2041-02-28'],
	[utc(2040, 2, 29), 'UTC0', '366d', '2041-03-01'],
	[utc(2040, 12, 31, 23, 59, 59), 'UTC0', '1d', '2041-01-01'],
	[utc(2100, 2, 28), 'UTC0', '1d', '2100-03-01'],
	[utc(2000, 2, 28), 'UTC0', '1d', '2000-02-29'],
	[utc(2040, 2, 29), 'UTC0', '2040-02-29', '2040-02-29'],
	[utc(2040, 2, 29), 'UTC0', '2044-02-29', '2044-02-29'],
	# It is another day there.
	[utc(2040, 2, 29, 11, 30), 'EAST-14', '1d', '2040-03-02'],
	[utc(2040, 2, 29, 11, 30), 'WEST12', '1d', '2040-02-29'],
	# The night in which there is no hour between two and three.
	[utc(2040, 3, 25, 0, 59, 59), 'CET-1CEST,M3.5.0,M10.5.0/3', '1d', '2040-03-26'],
	[utc(9999, 12, 30), 'UTC0', '1d', '9999-12-31'],
);
for my $case (@until) {
	my ($moment, $zone, $typed, $day) = @$case;
	site("Connect:127\tRELAY\n");
	my $r = at($moment, $zone, '-u', $typed, 'client', 'a.example');
	is($r->{status}, 0, "$moment, $zone, --until $typed: done") or diag($r->{err});
	like(text(), qr/^# tlsoff until \Q$day\E\nTry_TLS:a\.example\tNO$/m,
	    "... it is $day");
	is(at($moment, $zone, '--fix', '-n', 'check')->{out}, '',
	    '... and there is nothing to mend, at that time');
}

# What no comment line can say, or no calendar has.
for my $case ([utc(9999, 12, 31), '1d'], [utc(9990, 1, 1), '36500d'],
    [utc(2040, 1, 1) * 1_000_000, '1d'], [1 << 62, '1d'],
    [utc(2040, 1, 1), '2041-02-29'], [utc(2040, 1, 1), '2040-02-30'],
    [utc(2040, 3, 1), '2040-02-29'], [utc(2040, 1, 1), '2100-02-29']) {
	my ($moment, $typed) = @$case;
	site("Connect:127\tRELAY\n");
	my $r = changes_nothing("$moment, --until $typed", sub {
		return at($moment, 'UTC0', '-u', $typed, 'client', 'a.example');
	});
	is($r->{status}, 64, '... is refused') or diag($r->{out}, text());
	like($r->{err}, qr/\Atlsoff: --until: .+\n\z/, '... with a reason');
}

# ---- expire ----

my $text = "# tlsoff until 2038-01-19\nTry_TLS:a.example\tNO\n"
    . "# tlsoff until 2040-02-28\nTry_TLS:b.example\tNO\n"
    . "# tlsoff until 2040-02-29\nTry_TLS:c.example\tNO\n"
    . "# tlsoff until 2041-02-29\nTry_TLS:d.example\tNO\n"
    . "# tlsoff until 2041-02-28\nTry_TLS:e.example\tNO\n";
for my $case ([0, 'UTC0', 'abcde'], [-1, 'UTC0', 'abcde'],
    [1 << 62, 'UTC0', 'abcde'], [utc(2040, 1, 1) * 1_000_000, 'UTC0', 'abcde'], [utc(2038, 1, 19, 3, 14, 8), 'UTC0', 'abcde'],
    [utc(2038, 1, 20), 'UTC0', 'bcde'], [utc(2040, 2, 28, 23), 'UTC0', 'bcde'],
    [utc(2040, 2, 29), 'UTC0', 'cde'], [utc(2040, 2, 29, 23, 59, 59), 'UTC0', 'cde'],
    [utc(2040, 3, 1), 'UTC0', 'de'], [utc(2041, 3, 1), 'UTC0', 'd'],
    [utc(2040, 2, 29, 11, 30), 'EAST-14', 'de'],
    [utc(2040, 2, 29, 11, 30), 'WEST12', 'bcde'],
    [utc(2040, 2, 29), 'Mars/Olympus', 'cde'], [utc(2040, 2, 29), '', 'cde']) {
	my ($moment, $zone, $left) = @$case;
	site($text);
	my $r = at($moment, $zone, 'expire');
	is($r->{status}, 0, "expire at $moment, $zone") or diag($r->{err});
	is(join('', text() =~ /^Try_TLS:(.)/mg), $left, "... leaves $left");
}

done_testing();
