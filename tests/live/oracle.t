#!/usr/bin/perl
# explain says what sendmail does: thousands of random cases are put to
# sendmail's own rulesets (sendmail -bt) and to tlsoff explain, which must try
# the same keys in the same order and come to the same verdict by the same
# value.  Maps that cannot be read are cases, too.
#
# SEED=N in the environment repeats a run, ROUNDS=N asks for N cases;
# "make oracle" for 100,000.
#
# Not asked: values with %% or a % at their end, behind which sendmail reads a
# byte too many, so that what it sees is chance; "2001:db8::" for a host, which
# is a net to tlsoff; names longer than the key that sendmail can look up; the long
# dead IPv4-compatible addresses (::192.0.2.1); and TLS_Clt_Features of names with
# more labels than its rulesets go through, where sendmail -bt has no answer.
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
my $cases = $ENV{ROUNDS} // 2000;
diag("SEED=$seed");
srand $seed;

sub pick { return $_[rand @_] }

# ---- hosts ----

my @labels = qw(luna bagoona cheddar a b mx1 out_bound xn--bcher-kva 10 1);
my @tops = qw(com org uk example 7x);
my @nets = ('192.0.2', '10.1', '1.2.3', '127');

sub name {
	return 'a' . '.b' x (46 + rand 6) . '.com' if rand() < 0.01;
	return 'l' x 60 . ('.' . 'm' x 60) x 2 . '.' . 'n' x (20 + rand 36) . '.com'
	    if rand() < 0.01;
	return pick(@tops[0 .. 3]) if rand() < 0.02;
	return join '.', (map { pick(@labels) } 1 .. 1 + rand 4), pick(@tops);
}

sub ipv4 {
	my $ip = pick(@nets);
	$ip .= '.' . int rand 4 while $ip =~ tr/.// < 3;
	return $ip;
}

sub ipv6 {
	my @groups = map { sprintf '%x', pick(0, 0, 1, 0x25, 0xdb8, 0x2001) } 1 .. 8;
	@groups[0, 1] = (2001, 'db8') if rand() < 0.7;
	# inet_ntop() would write the last two as IPv4; no peer has such an address.
	$groups[6] = 0 if "@groups[0 .. 5]" eq '0 0 0 0 0 0';
	return 'IPv6:' . join ':', @groups;
}

# As sendmail writes it where the cf asks for the compressed form: the first
# of the longest runs of zeros.
sub compressed {
	my ($address) = @_;
	my $inner = $address =~ s/\AIPv6://r;
	my ($best) = sort { length $b <=> length $a || $a cmp $b }
	    $inner =~ /(?:(?<=:)|\A)(0(?::0)+)(?=:|\z)/g;
	$inner =~ s/(?:(?<=:)|\A)\Q$best\E(?=:|\z)/~/ if defined $best;
	$inner =~ s/:?~:?/::/;
	return "IPv6:$inner";
}

# [role, name, address as sendmail has them], and the words for explain.
sub question {
	my ($site) = @_;
	my $address = rand() < 0.3 ? ipv6() : ipv4();
	$address = compressed($address)
	    if $site->{compressed} && $address =~ /\AIPv6/;
	my $role = pick(qw(client server));
	return { ask => [$role, "[$address]", $address], words => [$role, $address] }
	    if rand() < 0.25 && $address !~ /::\z/;
	my $name = name();
	$name = name() while $site->{name} eq 'session' && $name =~ tr/.// > 40;
	return { ask => [$role, $name, $address], words => [$role, $name, $address] };
}

# ---- the text ----

# What an entry may stand for: the host, something around it, something odd.
sub what {
	my ($question) = @_;
	my (undef, $name, $address) = @{ $question->{ask} };
	return pick(name(), ipv4(), ipv6(), '') if rand() < 0.15;
	my $what = pick($name, $name, $address);
	if ($what =~ /\A\[/) {
		$what =~ s/[.:]+[^.:\]]*\]\z/]/ for 1 .. rand 4;
	} elsif ($what eq $address) {
		$what =~ s/[.:]+[^.:]*\z// for 1 .. rand 6;
	} else {
		$what =~ s/\A[^.]*\.(?=.)// for 1 .. rand 4;
		$what = ".$what" if rand() < 0.1;
	}
	return '' if rand() < 0.1;
	return pick("$what.", "*.$what", "$what/24", "[$what]", "\"$what\"", uc $what,
	    "$what,x", "IPv6:2001:db8::1", '.') if rand() < 0.1;
	return $what;
}

my @values = ('NO', 'NO', 'NO', 'no', 'No', 'S', 'S', 'S', 's', 'V A S', 'A', 'SA',
    'VS', 'V s S', 'OK', 'YES', 'x', 'SKIP', 'skip', 'SKIP x', '?', '? x', '??',
    '<TMPF>', 'x<TMPF>', '<TMPF> x', '<tmpf>', 'TMPF', 'temp', 'TEMPORARY', 'tempS',
    'S temp', 'NO # why', 'NO#c', 'NO (c)', '(c) NO', 'N(c)O', '(NO', 'NO)', '(c)',
    '()', 'NO.', 'NO,', 'NO;', 'NO/', 'NO:', '"NO"', "'NO'", '"NO', 'NO\\', 'N\\O',
    '\\NO', '"S"', '\\S', '-S', '$S', '!S', '[S]', 'S,A', 's,A', 'S;s', 'A|S', 'S&A',
    'S.A', 'so', 's2', 'g2', 'starttls', 'START', '%0', '%1', 'NO%1', '%1NO',
    'S%1', '$@', '$#', '$|', 'ERROR:550 no', 'ERROR:"550 no S"', 'REJECT',
    'DISCARD', 'RELAY', 'N>O', 'S)', "NO\r", "NO \t", "S\x0b", 'NO@', '@NO', 'V,S',
    '" S', '"a S" s', 'a\\ S', 'a"S', 'S"', "caf\xc3\xa9", "\xa0NO", "NO\xa0", '. S');
my @pieces = (qw(NO S s V A OK ? SKIP temp so g2 %0 %1 x), '(', ')', '(c)',
    '<TMPF>', "\t", "\r", split //, q{"'\\,.:@!|&$#;/[]+^=~{}*- });

sub value {
	return pick(@values) if rand() < 0.8;
	my $value = join pick('', '', ' '), map { pick(@pieces) } 1 .. 1 + rand 5;
	return $value =~ s/%+\z//r;
}

my @parts = qw(Flags=C Flags=C Flags=C Flags=c Flags=R Flags=RC Flags=Cc Flags=cC
    flags=C FLAGS=CR Flags= CipherList=HIGH ciphersuites=X Options=SSL_OP_NO_TLSv1_3
    CertFile=/a/b KeyFile=/a/b.c Cipher=HIGH C);

sub session_value {
	return pick(@values) if rand() < 0.3;
	return join pick(';', '; ', ' ;'), map { pick(@parts) } 1 .. 1 + rand 3;
}

sub entry {
	my ($question) = @_;
	my $tag = pick(qw(Try_TLS Srv_Features Clt_Features));
	$tag = $question->{ask}[0] eq 'client'
	    ? pick(qw(Try_TLS Try_TLS Clt_Features TLS_Clt_Features))
	    : 'Srv_Features' if rand() < 0.9;
	return $tag . ':' . what($question) . pick(' ', "\t", '  ') . session_value() . "\n"
	    if $tag eq 'TLS_Clt_Features';
	$tag = pick(uc $tag, lc $tag, 'TLS_Srv') if rand() < 0.05;
	return $tag . ':' . what($question) . pick(' ', "\t", '  ') . value() . "\n";
}

# ---- the sites ----

my %variant = (
	plain => { no_skip => 1 },
	debian => {},
	dotdomain => { dotdomain => 1 },
	dotskip => { dotdomain => 1, no_skip => 1 },
	compressed => { compressed => 1 },
	null => { map => 'hash -N -T<TMPF> PATH', flags => ['-N'] },
	nulls => { map => 'hash -T<TMPF> PATH', flags => ['-N'] },
	case => { map => 'hash -f -T<TMPF> PATH', flags => ['-f'] },
	append => { map => 'hash -a. -T<TMPF> PATH' },
	key => { map => 'hash -m -T<TMPF> PATH' },
	quotes => { map => 'hash -q -T<TMPF> PATH' },
	btree => { map => 'btree -o -T<TMPF> PATH', type => 'btree' },
	session => { mc => "FEATURE(`tls_session_features')dnl", cf => $Tlsoff::Sendmail::ASK_SESSION },
	implicit => { map => 'implicit -T<TMPF> PATH' },
);

sub site {
	my ($name) = @_;
	my %o = %{ $variant{$name} };
	my $path = "/tlsoff.test/$name/mail/access";
	$o{map} =~ s/PATH/$path/ if defined $o{map};
	my ($type, $flags) = (delete $o{type}, delete $o{flags});
	return { %{ sendmail_cf($name, %o) }, type => $type // 'hash',
	    flags => $flags // [], compressed => $o{compressed} };
}

my @sites = map { site($_) } sort keys %variant;
push @sites, (grep { $_->{name} =~ /plain|debian|dot|session/ } @sites) x 3;

# ---- asking ----

sub said_by {
	my ($site, $question) = @_;
	my @command = ($TLSOFF, '-j', '-C', $site->{file}, 'explain',
	    @{ $question->{words} });
	open my $out, '-|', 'sh', '-c', 'exec "$@" 2>/tlsoff.test/err', 'sh', @command
	    or die "tlsoff: $!";
	local $/;
	my $text = <$out> // '';
	close $out;
	my $status = $? >> 8;
	my $said = eval { decode_json($text) } or return { error =>
	    "tlsoff @{ $question->{words} }: $? $text" . slurp('/tlsoff.test/err') };
	$said->{status} = $status;
	return $said;
}

my %status = (off => 0, on => 1, tempfail => 75, fallback => 1);

# What differs, or ''.
sub difference {
	my ($site, $real, $said) = @_;
	return $said->{error} if defined $said->{error};
	my @asked = map { lc } @{ $real->{asked} };
	s/\A"(.*?)"/$1/ for @asked; # -q
	my @tried = map { lc } @{ $said->{tried} };
	# Of TLS_Clt_Features: sendmail was seen to ask for 257 bytes of a longer key,
	# where other tags are cut at 256; no rule for that is known.
	while (@asked && @tried && substr($asked[0], 0, 256) eq $tried[0]) {
		shift @asked;
		shift @tried;
	}
	return 'sendmail asks for ' . ($asked[0] // 'nothing') . ', tlsoff for '
	    . ($tried[0] // 'nothing') if @asked || @tried;
	return "sendmail says $real->{tls}, tlsoff $said->{tls}"
	    if $real->{tls} ne $said->{tls};
	return "$said->{tls}, exit status $said->{status}"
	    if $said->{status} != $status{ $said->{tls} };
	return 'text and map disagree' if !$said->{text_agrees};
	return '' if !defined $said->{key};
	return '' if $said->{value} =~ /\A[\s]*\z/; # no tokens: sendmail gave up there
	return "sendmail found $real->{key}, tlsoff $said->{key}"
	    if lc $real->{key} ne lc $said->{key};
	return "the value is \"$real->{value}\", not \"$said->{value}\""
	    if $real->{value} !~ /[^ -~]/ && $real->{value} ne $said->{value};
	return '';
}

# Try_TLS and Clt_Features together: the second goes before all where it puts mail
# off, and counts where the first leaves TLS on; TLS_Clt_Features where both do.
sub answers_for {
	my ($site, @questions) = @_;
	my @real = ask($site->{file}, map { $_->{ask} } @questions);
	my @client = grep { $questions[$_]{ask}[0] eq 'client' } 0 .. $#questions;
	my @features = ask($site->{file}, map { ['features', $questions[$_]{ask}[1]] } @client);
	my @session = $site->{name} ne 'session' ? ()
	    : ask($site->{file}, map { ['session', @{ $questions[$_]{ask} }[1, 2]] } @client);
	for my $n (@client) {
		my $features = shift @features;
		my $session = shift @session;
		if ($features->{tls} eq 'tempfail') {
			$real[$n] = $features;
		} elsif ($features->{tls} eq 'off' && $real[$n]{tls} eq 'on') {
			unshift @{ $features->{asked} }, @{ $real[$n]{asked} };
			$real[$n] = $features;
		} elsif ($session && $session->{tls} ne 'on' && $real[$n]{tls} eq 'on') {
			unshift @{ $session->{asked} }, @{ $real[$n]{asked} };
			$real[$n] = $session;
		}
	}
	return @real;
}

my ($done, @bad, %seen) = (0);
while ($done < $cases) {
	my $site = pick(@sites);
	my @questions = map { question($site) } 1 .. 8;
	my $text = join '', map { entry(pick(@questions)) } 1 .. rand 30;
	spew($site->{access}, $text);
	makemap($site->{file}, $site->{type}, $site->{access}, $text,
	    @{ $site->{flags} });
	my @real = answers_for($site, @questions);
	for my $n (0 .. $#questions) {
		my $why = difference($site, $real[$n],
		    said_by($site, $questions[$n]));
		$done++;
		$seen{"$questions[$n]{ask}[0] $real[$n]{tls}"}++;
		next if $why eq '';
		push @bad, $why;
		my $key = $real[$n]{key} // '-';
		my $said = said_by($site, $questions[$n]);
		diag("$site->{name} @{ $questions[$n]{ask} }: $why\nby $key "
		    . ($real[$n]{value} // '') . ', tlsoff by ' . ($said->{key} // '-') . ' '
		    . ($said->{value} // '')) if @bad <= 20;
	}
}
is(scalar @bad, 0, "sendmail and explain agree on $done cases (SEED=$seed)");
note("$_: $seen{$_}") for sort keys %seen;
cmp_ok($seen{$_} // 0, '>=', $cases / 1000, "there were cases of $_")
    for 'client off', 'client on', 'client fallback', 'server off', 'server on',
    'server tempfail';

done_testing();
