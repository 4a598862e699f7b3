#!/usr/bin/perl
# Where the site's own Makefile builds the map, into the one that stands there,
# each system call of tlsoff from its first private directory on fails in turn: text
# and map are both old or both new, status and message say which, and nothing
# is left beside them.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Tlsoff;
use Tlsoff::Faults;

faults_begin();

my %rule = (
	'into the map' => "\t$MAKEMAP -C ../sendmail.cf hash access <access\n",
	'beside the map' => "\t$MAKEMAP -C ../sendmail.cf hash new <access\n"
	    . "\t\@chmod 0644 new.db; mv new.db access.db\n",
);

# How often tlsoff looks after make depends on how fast that is: these may not
# come to be.
my $WAITING = qr/ (?:waitid|p?poll|read) \d+\z/;

for my $how (sort keys %rule) {
	my $change = change(words => ['client', 'a.example'],
	    builder => 'make', name => "make builds $how", young_map => 1,
	    beside => { Makefile => "access.db: access\n$rule{$how}" });
	my @calls = grep { $_->{label} =~ /\A(?:0|T)/ } calls_of($change);
	shift @calls while $calls[0]{name} ne 'mkdirat';
	my @cases;
	for my $call (@calls) {
		my @errors = @{ $call->{errors} };
		push @cases, { %$call, error => $errors[$call->{index} % @errors] }
		    if @errors;
	}
	cmp_ok(scalar @cases, '>', 30, "$change->{name}: there are calls to fail");
	sweep($change, 'failing calls', \@cases, sub {
		my ($case) = @_;
		reset_files($change);
		my $r = inject($change, $case, $case->{error});
		return what_is_wrong($change, $r, $change->{old_records});
	});
}

sub what_is_wrong {
	my ($change, $r, $old) = @_;
	my @wrong;
	my $text = slurp("$SITE/access");
	my $map = -e "$SITE/access.db"
	    ? records("$SITE/access.db") // 'torn' : undef;
	my $done = $text eq $change->{new_text} && defined $map
	    && $map eq $change->{new_records};
	my $undone = $text eq $change->{text}
	    && (defined $map ? defined $old && $map eq $old : !defined $old);
	push @wrong, 'was not hit' if !$r->{hit} && $r->{what} !~ $WAITING;
	push @wrong, 'hangs' if $r->{hangs};
	push @wrong, "leaves process $r->{left}" if $r->{left} ne '';
	push @wrong, "dies of signal $r->{signal}" if $r->{signal};
	# A rule that was killed leaves what it was writing.
	push @wrong, 'leaves ' . beside()
	    if beside() !~ /\AMakefile(?: new\.db)?\z/;
	if ($r->{status} == 0) {
		push @wrong, 'exits 0 and has not done it' if !$done;
	} else {
		push @wrong, 'leaves half a change' if !$done && !$undone
		    && $r->{err} !~ /run tlsoff check/;
		push @wrong, 'says nothing' if $r->{err} !~ /^tlsoff: \S/m;
	}
	return map { "$r->{what}: $_: $r->{err}" } @wrong;
}

done_testing();
