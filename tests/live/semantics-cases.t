#!/usr/bin/perl
# What the real sendmail decided for maps of every make: explain says the same,
# asked of such a map.  The cases of a plain map, whose names no command line
# takes, are held by tests/unit/access-policy.c.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP;
use Tlsoff;
use Tlsoff::Namespace;
use Tlsoff::Sendmail;

enter_namespace();
my %escape = (n => "\n", t => "\t", r => "\r", '\\' => '\\');
my $number = 0;

# "arg=skip;map=hash -f -T<TMPF>;mm=-f" -> words of each.
sub variant {
	my %v = (mm => [], arg => []);
	for (split /;/, $_[0]) {
		my ($name, $value) = split /=/, $_, 2;
		if (ref $v{$name}) { push @{$v{$name}}, $value }
		else { $v{$name} = $value }
	}
	return \%v;
}

# The site and the map that a case is about.
sub site_of {
	my ($v, $text) = @_;
	my $name = 'case' . $number++;
	my %args = map { $_ => 1 } @{$v->{arg}};
	my $site = sendmail_cf($name, no_skip => !$args{skip},
	    dotdomain => $args{lookupdotdomain});
	if ($v->{map}) {
		my $line = "Kaccess $v->{map} $site->{access}";
		spew($site->{file}, slurp($site->{file}) =~ s/^Kaccess .*/$line/mr);
	}
	spew($site->{access}, $text);
	return $site if $v->{nomap};
	my $type = $v->{type} // (($v->{map} // 'hash') =~ /^btree/ ? 'btree' : 'hash');
	makemap($site->{file}, $type, $site->{access}, $text, @{$v->{mm}});
	return $site;
}

open my $cases, '<', "$TOP/tests/unit/access/semantics-cases.tsv" or die $!;
my $heading = <$cases>;
my $asked = 0;
while (my $line = <$cases>) {
	chomp $line;
	my ($lines, $role, $name, $address, $want, $value, $key, $config) =
	    split /\t/, $line, -1;
	next if $config eq '';
	my $text = $lines =~ s/\\(?:x([0-9a-f]{2})|(.))/defined $1 ? chr hex $1 : $escape{$2}/gers;
	my $site = site_of(variant($config), $text);
	my $r = tlsoff('-j', '-C', $site->{file}, '--makemap', $MAKEMAP,
	    'explain', $role, $name, $address);
	my $said = eval { decode_json($r->{out}) } // {};
	my $decides = lc($said->{key} // '-');
	$asked++;
	is($said->{tls}, $want, "$config: $lines $role $name") or diag($r->{err});
	next if $want eq 'tempfail'; # no entry decides
	is($decides, lc $key, "... by $key");
}
cmp_ok($asked, '>', 45, 'all of them were asked');

done_testing();
